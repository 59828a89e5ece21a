//! Django's `algorithm$…` hashes, current and removed ones (django/contrib/auth/hashers.py).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, from_hex, to_base64};
use crate::password::parts::{decoded, number, positive, split};
use crate::password::stored::{ParseResult, Prepared, Printed, Wrapped};
use crate::password::verdict::Problem;

use super::digest::Digested;
use super::pbkdf2::{Pbkdf2, Spelling};
use super::scrypt::{self, Scrypt};
use super::{argon2, bcrypt, des_crypt};

/// Parses scheme `django`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// A Django text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    if text.starts_with('!') {
        return Err(Problem::unusable("set_unusable_password() was called: the account has no password login"));
    }
    let Some((algorithm, rest)) = text.split_once('$') else {
        // Unsalted MD5 of Django 0.90, before there were prefixes.
        return if text.len() == 32 {
            digest(Digest::Md5, "", text, text)
        } else {
            Err(Problem::malformed("the algorithm is missing"))
        };
    };
    let wrapped = |prefix: &str, inner: ParseResult| -> ParseResult {
        Ok(Box::new(Wrapped { prefix: prefix.to_owned(), inner: inner? }))
    };
    match algorithm {
        // `argon2$argon2id$…`: the `$` in the middle is both the separator and the first character of the inner text.
        "argon2" => wrapped("argon2", argon2::boxed(&format!("${}", rest.trim_start_matches('$')))),
        "bcrypt" => wrapped("bcrypt$", bcrypt::boxed(rest)),
        "bcrypt_sha256" => Ok(Box::new(bcrypt_sha256(rest)?)),
        "scrypt" => scrypt(rest, text),
        "crypt" => crypt(rest, text),
        "unsalted_md5" => split::<2>(rest, '$').and_then(|[salt, hash]| digest(Digest::Md5, salt, hash, text)),
        "unsalted_sha1" => split::<2>(rest, '$').and_then(|[salt, hash]| digest(Digest::Sha1, salt, hash, text)),
        "md5" | "sha1" => {
            let [salt, hash] = split::<2>(rest, '$')?;
            digest(if algorithm == "md5" { Digest::Md5 } else { Digest::Sha1 }, salt, hash, text)
        }
        _ => match algorithm.strip_prefix("pbkdf2_").and_then(Digest::named) {
            Some(digest) => pbkdf2(digest, rest, text),
            None => Err(Problem::unsupported("unknown Django algorithm")),
        },
    }
}

/// Bcrypt of the hexadecimal SHA-256, after `bcrypt_sha256$`.
pub(super) fn bcrypt_sha256(rest: &str) -> Result<Prepared, Problem> {
    let prepare = |password: &[u8]| Ok(hex::encode(&*Digest::Sha256.hash(&[password])).into_bytes().into());
    let prefix = Some("bcrypt_sha256$".to_owned());
    Ok(Prepared { prepare: Box::new(prepare), calls: 1, inner: bcrypt::boxed(rest)?, prefix })
}

/// Parses `iterations$salt$hash`.
pub(super) fn pbkdf2(digest: Digest, rest: &str, text: &str) -> ParseResult {
    let [iterations, salt, hash] = split::<3>(rest, '$')?;
    let iterations = positive("number of iterations", iterations)?;
    let (salt, hash) = (salt.as_bytes().to_vec(), decoded("hash", from_base64(hash))?);
    let head = text.rsplit_once('$').map_or("", |(head, _)| head);
    let printed = format!("{head}${}", to_base64(&hash));
    Printed::boxed(printed, Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed())
}

/// Parses `N$salt$r$p$hash`; some exports have the salt before N.
fn scrypt(rest: &str, text: &str) -> ParseResult {
    let [first, second, r, p, hash] = split::<5>(rest, '$')?;
    let (n, salt) = match number("work factor", first) {
        Ok(n) => (n, second),
        Err(_) => (number("work factor", second)?, first),
    };
    let (r, p) = (positive("block size", r)?, positive("parallelism", p)?);
    let (salt, hash) = (salt.as_bytes().to_vec(), decoded("hash", from_base64(hash))?);
    let head = text.rsplit_once('$').map_or("", |(head, _)| head);
    let printed = format!("{head}${}", to_base64(&hash));
    Printed::boxed(printed, Scrypt { n, r, p, salt, hash, spelling: scrypt::Spelling::Other }.boxed())
}

/// Parses `salt$hash` of a digest over salt and password.
fn digest(digest: Digest, salt: &str, hash: &str, text: &str) -> ParseResult {
    let hash = decoded("hash", from_hex(hash))?;
    let head = text.rsplit_once('$').map_or(String::new(), |(head, _)| format!("{head}$"));
    let printed = format!("{head}{}", hex::encode(&hash));
    Digested::between(digest, salt.as_bytes(), &[], hash).printed(printed).boxed()
}

/// Parses `salt$hash` of DES crypt; the hash repeats its salt at the start.
fn crypt(rest: &str, text: &str) -> ParseResult {
    let [_, hash] = split::<2>(rest, '$')?;
    Printed::boxed(text.to_owned(), des_crypt::traditional(hash))
}
