//! Identity platforms with their own formats: Zitadel's passwap, Clerk, Logto, FusionAuth.

use crate::password::credential::{Credential, decode};
use crate::password::detect::{self, Detection};
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex};
use crate::password::parts::{after, decoded, number, positive, split};
use crate::password::stored::{ParseResult, Prepared, Printed};
use crate::password::verdict::Problem;

use super::digest::{Digested, Letters, sized};
use super::pbkdf2::{Pbkdf2, Spelling};
use super::scrypt::is_length;
use super::{argon2, bcrypt, django, firebase, ldap, phpass, werkzeug};

/// Parses scheme `passwap`: `$md5salted-prefix$`, `$md5salted-suffix$`, bare MD5, and texts whose scheme is detected.
pub(super) fn parse_passwap(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    if let Some(rest) = text.strip_prefix("$md5salted-") {
        let [position, salt, hash] = split::<3>(rest, '$')?;
        let hash = decoded("hash", from_base64(hash))?;
        let salt = salt.as_bytes();
        let digested = match position {
            "prefix" => Digested::between(Digest::Md5, salt, &[], hash),
            "suffix" => Digested::between(Digest::Md5, &[], salt, hash),
            _ => return Err(Problem::unsupported("unknown salt position")),
        };
        return Printed::boxed(text.to_owned(), digested.boxed());
    }
    match detect::detect(text) {
        Detection::Known(scheme) if scheme.name != "passwap" => (scheme.parse)(&credential.with_scheme(scheme.name)),
        _ => {
            let hash = sized(text, Digest::Md5).ok_or(Problem::malformed("this is not a passwap format"))?;
            Digested::between(Digest::Md5, &[], &[], hash).boxed()
        }
    }
}

/// Parses scheme `clerk`: `hasher` and `digest`, as Clerk's `password_hasher` and `password_digest`.
pub(super) fn parse_clerk(credential: &Credential) -> ParseResult {
    let hasher = credential.required_text(&["hasher", "password_hasher"])?;
    let text = credential.required_text(&["digest", "password_digest", "encoded", "value"])?;
    // Clerk writes some digests with the hasher's name as a prefix.
    let rest = text.strip_prefix(hasher).and_then(|rest| rest.strip_prefix('$')).unwrap_or(text);
    match hasher {
        "argon2i" | "argon2id" => argon2::boxed(text),
        "bcrypt" => bcrypt::boxed(text),
        "bcrypt_peppered" => peppered(text),
        "bcrypt_sha256_django" | "pbkdf2_sha256_django" => django::boxed(text),
        "phpass" | "md5_phpass" => phpass::boxed(text),
        "ldap_ssha" => ldap::boxed(text),
        "scrypt_firebase" => firebase::boxed(text, None),
        "scrypt_werkzeug" => werkzeug::boxed(text),
        "md5" => bare(Digest::Md5, text),
        "sha256" => bare(Digest::Sha256, text),
        "md5_salted" => suffixed(Digest::Md5, rest),
        "sha256_salted" => suffixed(Digest::Sha256, rest),
        "hmac_sha256_utf16_b64" => {
            let [hash, key] = split::<2>(rest, '$')?;
            let mut digested =
                Digested::keyed(Digest::Sha256, decoded("key", from_base64(key))?, decoded("hash", from_base64(hash))?);
            digested.letters = Letters::Utf16Le;
            digested.boxed()
        }
        "sha512_symfony" => symfony(rest),
        "awscognito" => Err(Problem::unsupported("the password is verified by Amazon Cognito")),
        _ => match hasher.strip_prefix("pbkdf2_") {
            Some(name) => clerk_pbkdf2(name, rest),
            None => Err(Problem::unsupported("unknown Clerk hasher")),
        },
    }
}

fn bare(digest: Digest, text: &str) -> ParseResult {
    let hash = sized(text, digest).ok_or(Problem::malformed("the length of the hash does not match its digest"))?;
    Digested::between(digest, &[], &[], hash).boxed()
}

/// `hash$salt`, with the salt after the password.
fn suffixed(digest: Digest, text: &str) -> ParseResult {
    let [hash, salt] = split::<2>(text, '$')?;
    let hash = sized(hash, digest).ok_or(Problem::malformed("the length of the hash does not match its digest"))?;
    Digested::between(digest, &[], salt.as_bytes(), hash).boxed()
}

/// A bcrypt text and, after another `$`, the pepper that was appended to the password.
fn peppered(text: &str) -> ParseResult {
    let (hash, pepper) = text.rsplit_once('$').ok_or(Problem::malformed("the pepper is missing"))?;
    let pepper = zeroize::Zeroizing::new(pepper.as_bytes().to_vec());
    let prepare = move |password: &[u8]| Ok([password, &pepper].concat().into());
    Ok(Prepared::boxed(bcrypt::boxed(hash)?, Box::new(prepare)))
}

/// `iterations$salt$hash`: with `_hex` in hexadecimal, otherwise in base64; a third number may be the key length.
fn clerk_pbkdf2(name: &str, rest: &str) -> ParseResult {
    let (name, encoding) = name.strip_suffix("_hex").map_or((name, "base64"), |name| (name, "hex"));
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    let parts: Vec<&str> = rest.trim_start_matches("pbkdf2_").split('$').collect();
    let [.., iterations, salt, hash] = parts.as_slice() else {
        return Err(Problem::malformed("the hash is missing parts"));
    };
    let (salt, hash) = (decode("salt", salt, encoding)?, decode("hash", hash, encoding)?);
    Pbkdf2 { digest, iterations: positive("number of iterations", iterations)?, salt, hash, spelling: Spelling::Other }
        .boxed()
}

/// `iterations$salt$hash` of Symfony's message digest encoder.
fn symfony(rest: &str) -> ParseResult {
    let [iterations, salt, hash] = split::<3>(rest, '$')?;
    let iterations = positive("number of iterations", iterations)?.saturating_sub(1);
    let template = format!(
        "base64(repeat({iterations}, sha512_bin($pass . '{{' . $salt . '}}'), sha512_bin($_ . $pass . '{{' . $salt . '}}')))"
    );
    let text = |text: &str| serde_json::Value::String(text.to_owned());
    let fields = [("template", text(&template)), ("salt", text(salt)), ("hash", text(hash))];
    let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    super::template::parse(&Credential::fields("template", fields))
}

/// Parses scheme `logto`: the JSON list `["algorithm", [arguments], "hash"]` of a legacy password, where the argument `@`
/// is the password.
pub(super) fn parse_logto(credential: &Credential) -> ParseResult {
    let text = credential.required_text(&["value", "encoded", "passwordEncrypted"])?;
    if text.starts_with("$argon2") {
        return argon2::boxed(text);
    }
    let broken = || Problem::malformed("not a list of algorithm, arguments and hash");
    let (algorithm, arguments, hash): (String, Vec<String>, String) =
        serde_json::from_str(text).map_err(|_| broken())?;
    let argument = |text: &str| match text.strip_prefix("hex:") {
        Some(hex) => decoded("argument", from_hex(hex)),
        None => Ok(text.as_bytes().to_vec()),
    };
    if algorithm == "pbkdf2" {
        let [salt, iterations, length, digest, _] = arguments.as_slice() else { return Err(broken()) };
        let digest = Digest::named(digest).ok_or(Problem::unsupported("unknown digest"))?;
        let hash = decoded("hash", from_hex(&hash))?;
        if !is_length(number("key length", length)?, &hash) {
            return Err(Problem::malformed("the key length differs from the hash"));
        }
        let (salt, iterations) = (argument(salt)?, positive("number of iterations", iterations)?);
        return Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed();
    }
    let digest = Digest::named(&algorithm).ok_or(Problem::unsupported("unknown Logto algorithm"))?;
    let at = arguments
        .iter()
        .position(|argument| argument == "@")
        .ok_or(Problem::malformed("the password is not among the arguments"))?;
    let joined = |arguments: &[String]| {
        arguments.iter().map(|text| argument(text)).collect::<Result<Vec<_>, _>>().map(|parts| parts.concat())
    };
    let (before, rest) = arguments.split_at_checked(at).ok_or_else(broken)?;
    let (before, after) = (joined(before)?, joined(rest.get(1..).unwrap_or_default())?);
    Digested::between(digest, &before, &after, decoded("hash", from_hex(&hash))?).boxed()
}

/// Parses scheme `fusionauth`: `encryptionScheme`, `factor`, `salt` and `password`, both in base64.
pub(super) fn parse_fusionauth(credential: &Credential) -> ParseResult {
    let scheme = credential.required_text(&["encryptionScheme"])?;
    let factor = credential.required_number(&["factor"])?;
    let salt = credential.text(&["salt"])?.unwrap_or_default();
    let value = credential.required_text(&["password"])?;
    if factor == 0 {
        return Err(Problem::malformed("the factor is zero"));
    }
    match scheme {
        "bcrypt" => return bcrypt::boxed(&format!("$2a${factor:02}${salt}{value}")),
        "phpass-md5" | "phppass-sha512" => return fusionauth_phpass(scheme, factor, salt, value),
        _ => {}
    }
    let (salt, hash) = (decoded("salt", from_base64(salt))?, decoded("password", from_base64(value))?);
    if let Some(rest) = scheme.strip_prefix("salted-pbkdf2-hmac-") {
        // `-512` after the digest is the key length in bits.
        let name = rest.strip_suffix("-512").unwrap_or(rest);
        let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
        return Pbkdf2 { digest, iterations: factor, salt, hash, spelling: Spelling::Other }.boxed();
    }
    let name = after(scheme, "salted-")?;
    let mut digested = match name.strip_prefix("hmac-").map(Digest::named) {
        Some(digest) => Digested::keyed(digest.ok_or(Problem::unsupported("unknown digest"))?, salt, hash),
        None => {
            let digest = Digest::named(name).ok_or(Problem::unsupported("unknown FusionAuth scheme"))?;
            Digested::between(digest, &[], &salt, hash)
        }
    };
    digested.again = factor - 1;
    digested.boxed()
}

/// phpass in parts: the factor is the binary logarithm of the rounds.
fn fusionauth_phpass(scheme: &str, factor: u64, salt: &str, value: &str) -> ParseResult {
    let round = crate::password::encoding::to_crypt64_number(factor, 1);
    if factor > 30 {
        return Err(Problem::malformed("the factor is not between 7 and 30"));
    }
    match scheme {
        "phpass-md5" => phpass::boxed(&format!("$P${round}{salt}{value}")),
        _ => phpass::drupal(&format!("$S${round}{salt}{value}")),
    }
}
