//! Spring Security's delegating encoder: `{id}` and the text of the encoder (`DelegatingPasswordEncoder`).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex};
use crate::password::parts::{after, cut, decoded, split};
use crate::password::stored::{ParseResult, PlainText, Printed, Wrapped};
use crate::password::verdict::Problem;

use super::digest::{Digested, sized};
use super::pbkdf2::{self, Pbkdf2};
use super::scrypt::{self, Scrypt, power_of_two};
use super::{argon2, bcrypt, ldap};

/// Rounds of `StandardPasswordEncoder`.
const STANDARD_ROUNDS: u64 = 1024;

/// Parses scheme `spring`; a `pepper` is the encoder's secret.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    let (id, rest) = ldap::name_and_rest(text)?;
    if rest.is_empty() {
        return Err(Problem::malformed("the text after the encoder id is missing"));
    }
    let secret = credential.pepper()?.unwrap_or_default();
    let secret = secret.as_slice();
    let wrapped =
        |inner: ParseResult| -> ParseResult { Ok(Box::new(Wrapped { prefix: format!("{{{id}}}"), inner: inner? })) };
    let printed = |inner: ParseResult| Printed::boxed(text.to_owned(), inner);
    match id {
        "bcrypt" => wrapped(bcrypt::boxed(rest)),
        "argon2" | "argon2@SpringSecurity_v5_8" => wrapped(argon2::boxed(rest)),
        "ldap" => wrapped(ldap::boxed(rest)),
        "noop" => Ok(Box::new(PlainText { prefix: "{noop}".to_owned(), text: rest.to_owned().into() })),
        "pbkdf2" => printed(pbkdf2(rest, Digest::Sha1, 185_000, 8, secret)),
        "pbkdf2@SpringSecurity_v5_8" => printed(pbkdf2(rest, Digest::Sha256, 310_000, 16, secret)),
        "scrypt" | "scrypt@SpringSecurity_v5_8" => printed(scrypt(rest)),
        "sha256" => printed(standard(rest, secret)),
        "MD4" | "MD5" | "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512" => printed(message_digest(id, rest)),
        _ => Err(Problem::unsupported("unknown encoder id")),
    }
}

/// Whether a text is from Spring: an id that no LDAP server writes, or hexadecimal, which no LDAP server writes after such an id.
pub(super) fn is_spring(text: &str) -> bool {
    let Ok((id, rest)) = ldap::name_and_rest(text) else { return false };
    let is_hex = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match id {
        "bcrypt" | "argon2" | "ldap" | "noop" | "pbkdf2" | "scrypt" => true,
        "sha256" => is_hex(rest, 80),
        "MD4" | "MD5" | "SHA-1" | "SHA-256" => {
            rest.starts_with('{') || Digest::named(id).is_some_and(|d| is_hex(rest, 2 * d.size()))
        }
        _ => id.contains("@SpringSecurity_"),
    }
}

/// `Pbkdf2PasswordEncoder`: hexadecimal (or base64) of salt and 256 bits of key.
fn pbkdf2(text: &str, digest: Digest, iterations: u64, salt_bytes: usize, secret: &[u8]) -> ParseResult {
    let bytes = decoded("hash", from_hex(text).or_else(|| from_base64(text)))?;
    if bytes.len() != salt_bytes + 32 {
        return Err(Problem::malformed(format!("the hash does not have {} bytes", salt_bytes + 32)));
    }
    let (salt, hash) = cut(&bytes, salt_bytes)?;
    let (salt, hash) = ([salt, secret].concat(), hash.to_vec());
    Pbkdf2 { digest, iterations, salt, hash, spelling: pbkdf2::Spelling::Other }.boxed()
}

/// `SCryptPasswordEncoder`: `$params$salt$key`, where params is log2 N, r and p as one hexadecimal number.
fn scrypt(text: &str) -> ParseResult {
    let [params, salt, hash] = split::<3>(after(text, "$")?, '$')?;
    let params =
        u64::from_str_radix(params, 16).map_err(|_| Problem::malformed("the scrypt parameters are not hexadecimal"))?;
    let (n, r, p) = (power_of_two(params >> 16)?, params >> 8 & 0xff, params & 0xff);
    let salt = decoded("salt", from_base64(salt))?;
    let hash = decoded("hash", from_base64(hash))?;
    Scrypt { n, r, p, salt, hash, spelling: scrypt::Spelling::Other }.boxed()
}

/// `StandardPasswordEncoder`: hexadecimal of 8 bytes of salt and a repeated SHA-256 of salt, secret and password.
fn standard(text: &str, secret: &[u8]) -> ParseResult {
    let bytes = decoded("hash", from_hex(text))?;
    let (salt, hash) = cut(&bytes, 8)?;
    let mut digested = Digested::between(Digest::Sha256, &[salt, secret].concat(), &[], hash.to_vec());
    digested.again = STANDARD_ROUNDS - 1;
    digested.boxed()
}

/// `MessageDigestPasswordEncoder`: `{salt}hex` of password and `{salt}`, braces included; the salt may be missing.
fn message_digest(id: &str, text: &str) -> ParseResult {
    let digest = Digest::named(id).ok_or(Problem::unsupported("unknown digest"))?;
    let (salt, hash) = match text.strip_prefix('{') {
        Some(rest) => {
            let at = rest.find('}').ok_or(Problem::malformed("the brace after the salt is missing"))?;
            text.split_at_checked(at + 2).ok_or(Problem::malformed("the hash is missing"))?
        }
        None => ("", text),
    };
    let hash = sized(hash, digest).ok_or(Problem::malformed("the length of the hash does not match its digest"))?;
    Digested::between(digest, &[], salt.as_bytes(), hash).boxed()
}
