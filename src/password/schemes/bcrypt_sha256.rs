//! passlib's `$bcrypt-sha256$`: bcrypt of a base64 SHA-256, keyed with the salt since version 2.

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::to_base64;
use crate::password::parts::{Parameters, after, positive, split};
use crate::password::stored::{ParseResult, Prepared, Printed};
use crate::password::verdict::Problem;

use super::bcrypt;

/// Parses scheme `bcrypt-sha256`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// The text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let [head, salt, hash] = split::<3>(after(text, "$bcrypt-sha256$")?, '$')?;
    if !head.starts_with("v=") {
        // Version 1: `2a,12`, the digest without a key.
        let (dialect, cost) = head.split_once(',').ok_or(Problem::malformed("the cost is missing"))?;
        let inner = bcrypt::boxed(&format!("${dialect}${:02}${salt}{hash}", positive("cost", cost)?))?;
        let prepare = |password: &[u8]| Ok(to_base64(&Digest::Sha256.hash(&[password])).into_bytes().into());
        return Printed::boxed(text.to_owned(), Ok(Prepared::boxed(inner, Box::new(prepare))));
    }
    let parameters = Parameters::read(head, &["v", "t", "r"])?;
    if parameters.text("v") != Some("2") {
        return Err(Problem::unsupported("unknown version of bcrypt-sha256"));
    }
    let dialect = parameters.text("t").ok_or(Problem::malformed("the bcrypt dialect is missing"))?;
    let inner = bcrypt::boxed(&format!("${dialect}${:02}${salt}{hash}", parameters.positive("r")?))?;
    let key = salt.as_bytes().to_vec();
    let prepare = move |password: &[u8]| Ok(to_base64(&Digest::Sha256.hmac(&key, &[password])).into_bytes().into());
    Printed::boxed(text.to_owned(), Ok(Prepared::boxed(inner, Box::new(prepare))))
}
