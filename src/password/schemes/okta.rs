//! Okta's `credentials.password.hash` objects (Okta management API, `PasswordCredentialHash`).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::from_base64;
use crate::password::parts::decoded;
use crate::password::stored::ParseResult;
use crate::password::verdict::Problem;

use super::bcrypt;
use super::digest::Digested;
use super::pbkdf2::{Pbkdf2, Spelling};
use super::scrypt::is_length;

/// Parses scheme `okta`: `algorithm`, `value`, `salt`, and `saltOrder`, `workFactor` or the parts of PBKDF2.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let credential = &credential.object(&["hash"])?.unwrap_or_else(|| credential.clone());
    let algorithm = credential.required_text(&["algorithm"])?.to_ascii_uppercase();
    let value = credential.required_text(&["value"])?;
    match algorithm.as_str() {
        "BCRYPT" => {
            let cost = credential.required_number(&["workFactor"])?;
            let salt = credential.required_text(&["salt"])?;
            if salt.len() != 22 {
                return Err(Problem::malformed("the bcrypt salt does not have 22 characters"));
            }
            bcrypt::boxed(&format!("$2a${cost:02}${salt}{value}"))
        }
        "PBKDF2" => pbkdf2(credential, value),
        _ => digest(credential, &algorithm, value),
    }
}

fn pbkdf2(credential: &Credential, value: &str) -> ParseResult {
    let name = credential.required_text(&["digestAlgorithm"])?;
    let digest =
        Digest::named(name.strip_suffix("_HMAC").unwrap_or(name)).ok_or(Problem::unsupported("unknown digest"))?;
    let hash = decoded("value", from_base64(value))?;
    if credential.number(&["keySize"])?.is_some_and(|length| !is_length(length, &hash)) {
        return Err(Problem::malformed("the key size differs from the value"));
    }
    let salt = decoded("salt", from_base64(credential.required_text(&["salt"])?))?;
    let iterations = credential.required_number(&["iterationCount"])?;
    Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed()
}

fn digest(credential: &Credential, algorithm: &str, value: &str) -> ParseResult {
    let digest = Digest::named(algorithm).ok_or(Problem::unsupported("unknown Okta algorithm"))?;
    let hash = decoded("value", from_base64(value))?;
    let salt = decoded("salt", from_base64(credential.text(&["salt"])?.unwrap_or_default()))?;
    match credential.text(&["saltOrder"])?.unwrap_or("PREFIX") {
        "PREFIX" => Digested::between(digest, &salt, &[], hash).boxed(),
        "POSTFIX" => Digested::between(digest, &[], &salt, hash).boxed(),
        _ => Err(Problem::unsupported("unknown salt order")),
    }
}
