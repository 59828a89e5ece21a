//! Werkzeug and Flask: `pbkdf2:sha256:600000$salt$hex`, `scrypt:…`, and the HMAC formats before 2.3 (werkzeug/security.py).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::from_hex;
use crate::password::parts::{decoded, positive, split};
use crate::password::stored::{ParseResult, PlainText, Printed};
use crate::password::verdict::Problem;

use super::digest::Digested;
use super::pbkdf2::{self, Pbkdf2};
use super::scrypt::{self, Scrypt};

/// Parses scheme `werkzeug`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// A Werkzeug text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let [method, salt, hash] = split::<3>(text, '$')?;
    if method == "plain" {
        return Ok(Box::new(PlainText { prefix: format!("plain${salt}$"), text: hash.to_owned().into() }));
    }
    let hash = decoded("hash", from_hex(hash))?;
    let printed = format!("{method}${salt}${}", hex::encode(&hash));
    let salt = salt.as_bytes().to_vec();
    let (name, parameters) = method.split_once(':').unwrap_or((method, ""));
    match name {
        "pbkdf2" => {
            let (digest, iterations) =
                parameters.split_once(':').ok_or(Problem::malformed("the iterations are missing"))?;
            let digest = Digest::named(digest).ok_or(Problem::unsupported("unknown digest"))?;
            let iterations = positive("number of iterations", iterations)?;
            let stored = Pbkdf2 { digest, iterations, salt, hash, spelling: pbkdf2::Spelling::Other };
            Printed::boxed(printed, stored.boxed())
        }
        "scrypt" => {
            let [n, r, p] = split::<3>(parameters, ':')?;
            let (n, r, p) = (positive("work factor", n)?, positive("block size", r)?, positive("parallelism", p)?);
            Printed::boxed(printed, Scrypt { n, r, p, salt, hash, spelling: scrypt::Spelling::Other }.boxed())
        }
        _ => {
            let digest = Digest::named(method).ok_or(Problem::unsupported("unknown Werkzeug method"))?;
            let stored = if salt.is_empty() {
                Digested::between(digest, &[], &[], hash)
            } else {
                Digested::keyed(digest, salt, hash)
            };
            stored.printed(printed).boxed()
        }
    }
}
