//! Java libraries: Apache Shiro's `$shiro1$`, and Jasypt's digesters.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, to_base64};
use crate::password::parts::{after, cut, decoded, positive, split};
use crate::password::stored::{ParseResult, Prepared, Wrapped};
use crate::password::verdict::Problem;

use super::digest::Digested;
use super::{argon2, bcrypt};

/// Parses scheme `shiro1`, and Shiro 2's `$shiro2$` before an Argon2 or bcrypt text.
pub(super) fn parse_shiro(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    if let Some(inner) = text.strip_prefix("$shiro2") {
        let inner = if inner.starts_with("$argon2") { argon2::boxed(inner) } else { bcrypt::boxed(inner) };
        return Ok(Box::new(Wrapped { prefix: "$shiro2".to_owned(), inner: inner? }));
    }
    let [name, iterations, salt, hash] = split::<4>(after(text, "$shiro1$")?, '$')?;
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    let iterations = positive("number of iterations", iterations)?;
    let salt = decoded("salt", from_base64(salt))?;
    let hash = decoded("hash", from_base64(hash))?;
    let printed = format!("$shiro1${name}${iterations}${}${}", to_base64(&salt), to_base64(&hash));
    let mut digested = Digested::between(digest, &salt, &[], hash);
    digested.again = iterations - 1;
    digested.printed(printed).boxed()
}

/// Parses scheme `jasypt`: base64 of salt and digest. The length distinguishes the strong digester (16 bytes of salt,
/// SHA-256, 100 000 rounds) from the basic one (8 bytes, MD5, 1000 rounds); both normalize the password to NFC.
pub(super) fn parse_jasypt(credential: &Credential) -> ParseResult {
    let bytes = decoded("hash", from_base64(credential.required()?))?;
    let (digest, salt_bytes, rounds) = match bytes.len() {
        48 => (Digest::Sha256, 16, 100_000),
        24 => (Digest::Md5, 8, 1000),
        _ => return Err(Problem::malformed("the hash has neither 48 nor 24 bytes")),
    };
    let (salt, hash) = cut(&bytes, salt_bytes)?;
    let mut digested = Digested::between(digest, salt, &[], hash.to_vec());
    digested.again = rounds - 1;
    let inner = digested.printed(to_base64(&bytes)).boxed()?;
    Ok(Box::new(Prepared {
        prepare: Box::new(|password| Ok(nfc(password))),
        calls: 1,
        inner,
        prefix: Some(String::new()),
    }))
}

/// The password in NFC; bytes that are not text are left unchanged.
fn nfc(password: &[u8]) -> Zeroizing<Vec<u8>> {
    match std::str::from_utf8(password) {
        Ok(text) => Zeroizing::new(text.nfc().collect::<String>().into_bytes()),
        Err(_) => Zeroizing::new(password.to_vec()),
    }
}
