//! Ory Kratos' own formats (kratos `hash/hash_comparator.go`); its other hashes are PHC and crypt texts.

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex};
use crate::password::parts::{decoded, split};
use crate::password::stored::{ParseResult, Printed};
use crate::password::verdict::Problem;

use super::digest::Digested;
use super::{argon2, bcrypt, firebase, ldap, md5_crypt, pbkdf2, scrypt, sha_crypt};

/// Parses scheme `kratos`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    if text.starts_with('{') {
        return ldap::boxed(text);
    }
    let rest = text.strip_prefix('$').ok_or(Problem::malformed("the hash does not start with `$`"))?;
    let (name, rest) = rest.split_once('$').ok_or(Problem::malformed("the hash is missing parts"))?;
    let printed = |inner: ParseResult| Printed::boxed(text.to_owned(), inner);
    match name {
        "scrypt" => printed(scrypt::parse_kratos(text)),
        "firescrypt" => firebase::boxed(text, None),
        "md5-crypt" => printed(md5_crypt::read(&format!("$1${rest}"), "$1$")),
        "sha256-crypt" => printed(sha_crypt::boxed(&format!("$5${rest}"))),
        "sha512-crypt" => printed(sha_crypt::boxed(&format!("$6${rest}"))),
        "md5" | "sha1" | "sha256" | "sha512" => printed(digest(name, rest)),
        _ if name.starts_with('2') => bcrypt::boxed(text),
        _ if name.starts_with("argon2") => argon2::boxed(text),
        _ if name.starts_with("pbkdf2") => pbkdf2::boxed(text),
        _ => match name.strip_prefix("hmac-") {
            Some(name) => printed(hmac(name, rest)),
            None => Err(Problem::unsupported("unknown Kratos identifier")),
        },
    }
}

/// `pf=format$salt$hash`, where the format is base64 of a text with `{SALT}` and `{PASSWORD}`; or a bare hash.
fn digest(name: &str, rest: &str) -> ParseResult {
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    let Some(rest) = rest.strip_prefix("pf=") else {
        let hash = decoded("hash", from_base64(rest.trim_start_matches('$')))?;
        return Digested::between(digest, &[], &[], hash).boxed();
    };
    let [format, salt, hash] = split::<3>(rest, '$')?;
    let format = String::from_utf8(decoded("format", from_base64(format))?)
        .map_err(|_| Problem::malformed("the format is not text"))?;
    let salt = decoded("salt", from_base64(salt))?;
    let hash = decoded("hash", from_base64(hash))?;
    let [before, after] =
        split::<2>(&format.replace("{PASSWORD}", "\0"), '\0').map(|parts| parts.map(str::to_owned))?;
    let salted = |text: &str| {
        let parts: Vec<&[u8]> = text.split("{SALT}").map(str::as_bytes).collect();
        parts.join(salt.as_slice())
    };
    Digested::between(digest, &salted(&before), &salted(&after), hash).boxed()
}

/// `base64(hex(mac))$base64(key)`
fn hmac(name: &str, rest: &str) -> ParseResult {
    let digest = Digest::named(name).ok_or(Problem::unsupported("unknown digest"))?;
    let [mac, key] = split::<2>(rest, '$')?;
    let mac = decoded("mac", from_base64(mac))?;
    let mac = decoded("mac", std::str::from_utf8(&mac).ok().and_then(from_hex))?;
    Digested::keyed(digest, decoded("key", from_base64(key))?, mac).boxed()
}
