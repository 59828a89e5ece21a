//! Content management systems, shops, forums and wikis with their own formats.

use argon2::{Algorithm, Version};
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex, same, to_base64};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, decoded, number, positive, split};
use crate::password::stored::{Attempt, ParseResult, Prepared, Printed, StoredHash, Wrapped};
use crate::password::verdict::{Problem, Verdict};

use super::digest::Digested;
use super::pbkdf2::{Pbkdf2, Spelling};
use super::template::transformed;
use super::{argon2 as argon2_text, bcrypt, phpass};

/// The salt length of libsodium's Argon2, in bytes.
const SODIUM_SALT_BYTES: usize = 16;

/// Parses scheme `wordpress`: phpass, the bcrypt of WordPress 6.8 (`$wp$2y$`), plain bcrypt and Argon2 of plugins, and
/// unsalted MD5; `input` is the transformation that the login form applied (`addslashes(trim($pass))`).
pub(super) fn parse_wordpress(credential: &Credential) -> ParseResult {
    let inner = wordpress(credential.required()?)?;
    match credential.text(&["input", "prehash"])? {
        Some(template) => transformed(template, credential, inner),
        None => Ok(inner),
    }
}

fn wordpress(text: &str) -> ParseResult {
    if let Some(inner) = text.strip_prefix("$wp") {
        // The key of the HMAC is only a domain separator (wp-includes/pluggable.php, `wp_hash_password`).
        let prepare =
            |password: &[u8]| Ok(to_base64(&Digest::Sha384.hmac(b"wp-sha384", &[password])).into_bytes().into());
        let prefix = Some("$wp".to_owned());
        return Ok(Box::new(Prepared { prepare: Box::new(prepare), calls: 1, inner: bcrypt::boxed(inner)?, prefix }));
    }
    php(text)
}

/// The formats that PHP applications share: phpass, `password_hash`, and unsalted MD5.
fn php(text: &str) -> ParseResult {
    if text.starts_with("$P$") || text.starts_with("$H$") {
        phpass::boxed(text)
    } else if text.starts_with("$2") {
        bcrypt::boxed(text)
    } else if text.starts_with("$argon2") {
        argon2_text::boxed(text)
    } else if text.starts_with("$S$") || text.starts_with("U$") {
        phpass::drupal(text)
    } else if text.len() == 32 {
        salted(Digest::Md5, b"", b"", text, String::new())
    } else {
        Err(Problem::malformed("this is not a hash format of PHP applications"))
    }
}

/// A hexadecimal digest of `before`, the password and `after`; `tail` is the text after it.
fn salted(digest: Digest, before: &[u8], after: &[u8], hash: &str, tail: String) -> ParseResult {
    let hash = decoded("hash", from_hex(hash))?;
    let printed = hex::encode(&hash) + tail.as_str();
    Digested::between(digest, before, after, hash).printed(printed).boxed()
}

/// Whether a text is Joomla's `{SHA256}hex:salt`; the other formats of Joomla look like those of other systems.
pub(super) fn is_joomla(text: &str) -> bool {
    text.strip_prefix("{SHA256}").and_then(|rest| rest.split_once(':')).is_some_and(|(hex, _)| super::is_hex(hex, 64))
}

/// Parses scheme `joomla`: `md5hex:salt`, `{SHA256}hex:salt` (not LDAP's), and the formats that PHP applications share.
pub(super) fn parse_joomla(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    if let Some(rest) = text.strip_prefix("{SHA256}") {
        let (hash, salt) = rest.split_once(':').unwrap_or((rest, ""));
        let inner = salted(Digest::Sha256, b"", salt.as_bytes(), hash, format!(":{salt}"))?;
        return Ok(Box::new(Wrapped { prefix: "{SHA256}".to_owned(), inner }));
    }
    match text.split_once(':') {
        Some((hash, salt)) => salted(Digest::Md5, b"", salt.as_bytes(), hash, format!(":{salt}")),
        None => php(text),
    }
}

/// Parses schemes `phpbb` and `drupal`, and those of other PHP applications without their own format.
pub(super) fn parse_php(credential: &Credential) -> ParseResult {
    let inner = php(credential.required()?)?;
    match credential.text(&["input", "prehash"])? {
        Some(template) => transformed(template, credential, inner),
        None => Ok(inner),
    }
}

/// One link of Magento's chain of upgrades.
enum Link {
    /// Hexadecimal digest of salt and text.
    Digest(Digest),
    /// Argon2id of libsodium: output bytes, passes, memory in bytes.
    Argon2 { length: usize, passes: u64, memory_bytes: u64 },
}

struct Magento {
    hash: Vec<u8>,
    salt: String,
    links: Vec<Link>,
    text: String,
}

/// Parses scheme `magento`: `hash:salt` of Magento 1, `hash:salt:versions` of Magento 2 (`Encryptor.php`).
pub(super) fn parse_magento(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    let mut parts = text.split(':');
    let hash = decoded("hash", from_hex(parts.next().unwrap_or_default()))?;
    let salt = parts.next().ok_or(Problem::malformed("the salt is missing"))?.to_owned();
    let mut links = parts.map(link).collect::<Result<Vec<_>, _>>()?;
    if links.is_empty() {
        links.push(Link::Digest(if hash.len() == 32 { Digest::Sha256 } else { Digest::Md5 }));
    }
    let length = match links.last() {
        Some(Link::Argon2 { length, .. }) => *length,
        Some(Link::Digest(digest)) => digest.size(),
        None => 0,
    };
    if hash.len() != length {
        return Err(Problem::malformed("the length of the hash does not match its version"));
    }
    if salt.len() < SODIUM_SALT_BYTES && links.iter().any(|link| matches!(link, Link::Argon2 { .. })) {
        return Err(Problem::malformed("the salt is shorter than 16 bytes"));
    }
    Ok(Box::new(Magento { hash, salt, links, text: text.to_owned() }))
}

/// Whether a text ends with the Argon2 version of Magento, which no other system writes.
pub(super) fn is_magento(text: &str) -> bool {
    let is_hex = |text: &str| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_version = text.rsplit(':').next().is_some_and(|version| version.starts_with("3_"));
    has_version && text.split(':').count() > 2 && text.split(':').next().is_some_and(is_hex)
}

fn link(version: &str) -> Result<Link, Problem> {
    match version {
        "0" => Ok(Link::Digest(Digest::Md5)),
        "1" => Ok(Link::Digest(Digest::Sha256)),
        // libsodium's interactive limits.
        "2" => Ok(Link::Argon2 { length: 32, passes: 2, memory_bytes: 64 << 20 }),
        _ => {
            let [_, length, passes, memory] = split::<4>(after(version, "3_").map(|_| version)?, '_')?;
            let length =
                usize::try_from(positive("length", length)?).ok().filter(|length| (16..=1024).contains(length));
            Ok(Link::Argon2 {
                length: length.ok_or(Problem::malformed("the length of the hash is out of bounds"))?,
                passes: positive("number of passes", passes)?,
                memory_bytes: positive("memory", memory)?,
            })
        }
    }
}

impl Magento {
    /// An Argon2 hash with the parameters of a link, used for its output only.
    fn argon2(&self, length: usize, passes: u64, memory_bytes: u64) -> argon2_text::Stored {
        argon2_text::Stored {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            memory_kib: memory_bytes / 1024,
            passes,
            lanes: 1,
            key_id: None,
            data: Vec::new(),
            salt: self.salt.as_bytes().iter().copied().take(SODIUM_SALT_BYTES).collect(),
            hash: vec![0; length],
            secret: Zeroizing::default(),
        }
    }

    fn output(&self, attempt: &mut Attempt<'_>) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let mut text = Zeroizing::new(attempt.password.to_vec());
        let mut output = Zeroizing::default();
        for link in &self.links {
            output = match link {
                Link::Digest(digest) => digest.hash(&[self.salt.as_bytes(), &text]),
                Link::Argon2 { length, passes, memory_bytes } => {
                    let stored = self.argon2(*length, *passes, *memory_bytes).checked()?;
                    stored.output(&mut Attempt { password: &text, workspace: attempt.workspace })?
                }
            };
            text = Zeroizing::new(hex::encode(output.as_slice()).into_bytes());
        }
        Ok(output)
    }
}

impl StoredHash for Magento {
    fn cost(&self) -> Cost {
        let cost = |link: &Link| match link {
            Link::Digest(_) => Cost::Digests(1),
            Link::Argon2 { passes, memory_bytes, .. } => {
                Cost::Argon2 { memory_kib: memory_bytes / 1024, passes: *passes, lanes: 1 }
            }
        };
        match self.links.as_slice() {
            [only] => cost(only),
            links => Cost::Several(links.iter().map(cost).collect()),
        }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match self.output(attempt) {
            Ok(output) => Verdict::match_if(same(&output, &self.hash)),
            Err(problem) => problem.into(),
        }
    }

    fn canonical(&self) -> Option<String> {
        Some(self.text.clone())
    }
}

/// A digest of a digest: the inner one in hexadecimal, between two texts.
struct Nested {
    digest: Digest,
    before: String,
    after: String,
    hash: Vec<u8>,
}

impl StoredHash for Nested {
    fn cost(&self) -> Cost {
        Cost::Digests(2)
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let inner = Zeroizing::new(hex::encode(&*self.digest.hash(&[attempt.password])));
        let output = self.digest.hash(&[self.before.as_bytes(), inner.as_bytes(), self.after.as_bytes()]);
        Verdict::match_if(same(&output, &self.hash))
    }
}

fn nested(digest: Digest, before: String, after: String, hash: &str, head: &str) -> ParseResult {
    let hash = decoded("hash", from_hex(hash))?;
    if hash.len() != digest.size() {
        return Err(Problem::malformed("the length of the hash does not match its digest"));
    }
    let printed = format!("{head}{}", hex::encode(&hash));
    Ok(Box::new(Printed { printed, inner: Box::new(Nested { digest, before, after, hash }) }))
}

/// Parses scheme `mediawiki`: `:A:`, `:B:`, `:pbkdf2:`, and the old `$B$` (MediaWiki, `includes/password`).
pub(super) fn parse_mediawiki(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    if let Some(rest) = text.strip_prefix("$B$") {
        let [salt, hash] = split::<2>(rest, '$')?;
        return nested(Digest::Md5, format!("{salt}-"), String::new(), hash, &format!("$B${salt}$"));
    }
    let (kind, rest) = after(text, ":")?.split_once(':').ok_or(Problem::malformed("the hash is missing"))?;
    match kind {
        "A" => {
            let inner = salted(Digest::Md5, b"", b"", rest, String::new())?;
            Ok(Box::new(Wrapped { prefix: ":A:".to_owned(), inner }))
        }
        "B" => {
            let [salt, hash] = split::<2>(rest, ':')?;
            nested(Digest::Md5, format!("{salt}-"), String::new(), hash, &format!(":B:{salt}:"))
        }
        "pbkdf2" => Printed::boxed(text.to_owned(), mediawiki_pbkdf2(rest)),
        "argon2" => Ok(Box::new(Wrapped { prefix: ":argon2:".to_owned(), inner: argon2_text::boxed(rest)? })),
        "bcrypt" => Printed::boxed(text.to_owned(), mediawiki_bcrypt(rest)),
        _ => Err(Problem::unsupported("unknown MediaWiki type")),
    }
}

fn mediawiki_pbkdf2(rest: &str) -> ParseResult {
    let [name, iterations, length, salt, hash] = split::<5>(rest, ':')?;
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    let iterations = positive("number of iterations", iterations)?;
    let salt = decoded("salt", from_base64(salt))?;
    let hash = decoded("hash", from_base64(hash))?;
    if !super::scrypt::is_length(number("key length", length)?, &hash) {
        return Err(Problem::malformed("the key length differs from the hash"));
    }
    Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed()
}

/// `:bcrypt:cost$salt+hash`: MediaWiki leaves out the `$2y$`.
fn mediawiki_bcrypt(rest: &str) -> ParseResult {
    bcrypt::boxed(&format!("$2y${}", rest.trim_start_matches("$2y$")))
}

/// Parses scheme `authme-sha256`: `$SHA$salt$hex` of `sha256(sha256(password) . salt)` (AuthMe Reloaded).
pub(super) fn parse_authme(credential: &Credential) -> ParseResult {
    let [salt, hash] = split::<2>(after(credential.required()?, "$SHA$")?, '$')?;
    nested(Digest::Sha256, String::new(), salt.to_owned(), hash, &format!("$SHA${salt}$"))
}
