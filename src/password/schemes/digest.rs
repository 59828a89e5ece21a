//! Plain, salted, repeated and keyed digests, as most home-made systems store them.

use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex, same, to_utf16le};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

/// How the text of a password is encoded before it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// The presented bytes.
    AsPresented,
    /// UTF-16, little-endian: .NET, SQL Server, Windows.
    Utf16Le,
    /// ISO 8859-1.
    Latin1,
    /// 7 bits.
    Ascii,
}

impl Letters {
    /// The encoding with a name of Auth0 or Node.js.
    pub fn named(name: &str) -> Result<Self, Problem> {
        match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "utf8" | "" => Ok(Self::AsPresented),
            "utf16le" | "utf16" | "ucs2" => Ok(Self::Utf16Le),
            "latin1" | "binary" | "iso88591" => Ok(Self::Latin1),
            "ascii" => Ok(Self::Ascii),
            _ => Err(Problem::unsupported("unknown password encoding")),
        }
    }

    /// The bytes; `None` if the encoding cannot represent the password, which therefore was never set.
    pub fn encode(self, password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::AsPresented => Some(Zeroizing::new(password.to_vec())),
            Self::Utf16Le => to_utf16le(password),
            Self::Latin1 => {
                let text = std::str::from_utf8(password).ok()?;
                let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
                for letter in text.chars() {
                    bytes.push(u8::try_from(u32::from(letter)).ok()?);
                }
                Some(bytes)
            }
            Self::Ascii => password.is_ascii().then(|| Zeroizing::new(password.to_vec())),
        }
    }
}

/// The input of the digest.
pub(super) enum Over {
    /// The password between two byte strings.
    Between(Vec<u8>, Vec<u8>),
    /// The password under HMAC with this key.
    Keyed(Zeroizing<Vec<u8>>),
}

/// A digest over a password.
pub(super) struct Digested {
    pub digest: Digest,
    pub over: Over,
    pub letters: Letters,
    /// How many more times the plain digest is applied to its own output.
    pub again: u64,
    pub hash: Vec<u8>,
    /// The stored text in canonical form.
    pub printed: Option<String>,
}

impl Digested {
    /// A digest of `before`, the password and `after`.
    pub fn between(digest: Digest, before: &[u8], after: &[u8], hash: Vec<u8>) -> Self {
        let over = Over::Between(before.to_vec(), after.to_vec());
        Self { digest, over, letters: Letters::AsPresented, again: 0, hash, printed: None }
    }

    /// An HMAC of the password.
    pub fn keyed(digest: Digest, key: Vec<u8>, hash: Vec<u8>) -> Self {
        let over = Over::Keyed(Zeroizing::new(key));
        Self { digest, over, letters: Letters::AsPresented, again: 0, hash, printed: None }
    }

    /// Sets the stored text.
    pub fn printed(mut self, text: String) -> Self {
        self.printed = Some(text);
        self
    }

    /// The boxed hash, if it has the length of its digest.
    pub fn boxed(self) -> ParseResult {
        if self.hash.len() == self.digest.size() {
            Ok(Box::new(self))
        } else {
            Err(Problem::malformed(format!(
                "the hash does not have the {} bytes of {}",
                self.digest.size(),
                self.digest.name()
            )))
        }
    }
}

impl StoredHash for Digested {
    fn cost(&self) -> Cost {
        Cost::Digests(self.again.saturating_add(1))
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let Some(password) = self.letters.encode(attempt.password) else { return Verdict::Mismatch };
        let first = match &self.over {
            Over::Between(before, after) => self.digest.hash(&[before, &password, after]),
            Over::Keyed(key) => self.digest.hmac(key, &[&password]),
        };
        Verdict::match_if(same(&self.digest.repeat(self.again, first), &self.hash))
    }

    fn canonical(&self) -> Option<String> {
        self.printed.clone()
    }
}

/// Whether the salt comes before the password, which is the default.
fn is_prefix(credential: &Credential) -> Result<bool, Problem> {
    match credential.text(&["salt_position", "order", "saltOrder"])? {
        None => Ok(true),
        Some(text) => order(text).ok_or(Problem::unsupported("unknown order of salt and password")),
    }
}

/// Whether the salt stands before the password; nothing when the word does not say.
pub(super) fn order(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().replace(' ', "").as_str() {
        "prefix" | "salt+password" => Some(true),
        "suffix" | "postfix" | "password+salt" => Some(false),
        _ => None,
    }
}

/// Decodes hexadecimal or base64 of exactly this digest's length.
pub(super) fn sized(text: &str, digest: Digest) -> Option<Vec<u8>> {
    let fits = |bytes: &Vec<u8>| bytes.len() == digest.size();
    from_hex(text).filter(fits).or_else(|| from_base64(text).filter(fits))
}

/// Parses schemes `digest`, `hmac` and the plain names `md5`, `sha256` and so on: parts `algorithm`, `hash`, `salt`,
/// `salt_position` (or `order`), `password_encoding`, `iterations`, or a text in hexadecimal or base64.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let named = match credential.text(&["algorithm"])? {
        Some(named) => named,
        None if credential.scheme().eq_ignore_ascii_case("digest") => credential.required_text(&["digest"])?,
        None => credential.scheme(),
    };
    if named.eq_ignore_ascii_case("hmac") {
        return keyed(credential);
    }
    let digest = Digest::named(named).ok_or(Problem::unsupported("unknown digest"))?;
    let hash = hash(credential, digest)?;
    let salt = credential.bytes("salt", "utf8")?.unwrap_or_default();
    let mut digested = match is_prefix(credential)? {
        true => Digested::between(digest, &salt, &[], hash),
        false => Digested::between(digest, &[], &salt, hash),
    };
    digested.letters = Letters::named(credential.text(&["password_encoding"])?.unwrap_or("utf8"))?;
    digested.again = match credential.number(&["iterations", "rounds"])? {
        Some(0) => return Err(Problem::malformed("the number of iterations is zero")),
        rounds => rounds.unwrap_or(1) - 1,
    };
    digested.boxed()
}

fn keyed(credential: &Credential) -> ParseResult {
    let name = credential.required_text(&["digest", "hash_function"])?;
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    let key = match credential.bytes("key", "utf8")? {
        Some(key) => key,
        None => credential.pepper()?.ok_or(Problem::malformed("the part `key` is missing"))?.to_vec(),
    };
    let hash = hash(credential, digest)?;
    let salt = credential.bytes("salt", "utf8")?.unwrap_or_default();
    let letters = Letters::named(credential.text(&["password_encoding"])?.unwrap_or("utf8"))?;
    if salt.is_empty() {
        let mut digested = Digested::keyed(digest, key, hash);
        digested.letters = letters;
        return digested.boxed();
    }
    Err(Problem::unsupported("a salted HMAC needs a template for the position of the salt"))
}

/// The hash of a credential, in the given encoding, or in hexadecimal or base64 by its length.
fn hash(credential: &Credential, digest: Digest) -> Result<Vec<u8>, Problem> {
    if let (None, Some(text)) =
        (credential.text(&["hash_encoding", "encoding"])?, credential.text(&["hash", "encoded", "value"])?)
    {
        return sized(text, digest).ok_or(Problem::malformed("the length of the hash does not match its digest"));
    }
    match credential.bytes("hash", "hex")? {
        Some(hash) => Ok(hash),
        None => sized(credential.required()?, digest)
            .ok_or(Problem::malformed("the length of the hash does not match its digest")),
    }
}

/// Parses `ssha`, `smd5`, `ssha256` and similar schemes in parts: `hash_b64`, `salt_b64`; the password comes before the salt.
pub(super) fn parse_salted(credential: &Credential) -> ParseResult {
    let name = credential.scheme().to_ascii_lowercase();
    let digest =
        Digest::named(name.strip_prefix('s').unwrap_or(&name)).ok_or(Problem::unsupported("unknown digest"))?;
    if let Some(text) = credential.whole()? {
        let text = if text.starts_with('{') { text.to_owned() } else { format!("{{{name}}}{text}") };
        return super::ldap::boxed(&text);
    }
    let hash = credential.bytes("hash", "base64")?.ok_or(Problem::malformed("the part `hash` is missing"))?;
    let salt = credential.bytes("salt", "base64")?.ok_or(Problem::malformed("the part `salt` is missing"))?;
    Digested::between(digest, &[], &salt, hash).boxed()
}
