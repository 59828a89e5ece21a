//! Keycloak's credential rows: `secretData` and `credentialData`, JSON inside JSON (`PasswordCredentialModel`).

use argon2::Version;
use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::from_base64;
use crate::password::parts::decoded;
use crate::password::stored::ParseResult;
use crate::password::verdict::Problem;

use super::pbkdf2::{Pbkdf2, Spelling};
use super::scrypt::is_length;
use super::{argon2 as argon2_text, bcrypt};

/// Parses scheme `keycloak`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let (secret, data) = (credential.required_object("secretData")?, credential.required_object("credentialData")?);
    let algorithm = data.required_text(&["algorithm"])?;
    let value = secret.required_text(&["value"])?;
    if algorithm == "bcrypt" {
        return bcrypt::boxed(value);
    }
    let hash = decoded("value", from_base64(value))?;
    let salt = decoded("salt", from_base64(secret.text(&["salt"])?.unwrap_or_default()))?;
    let iterations = data.required_number(&["hashIterations"])?;
    if algorithm == "argon2" {
        return argon2(&data, salt, hash, iterations);
    }
    let digest = match algorithm {
        "pbkdf2" => Digest::Sha1,
        _ => algorithm
            .strip_prefix("pbkdf2-")
            .and_then(Digest::named)
            .ok_or(Problem::unsupported("unknown Keycloak algorithm"))?,
    };
    Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed()
}

/// Argon2 has its parameters in `additionalParameters`, each in its own list.
fn argon2(data: &Credential, salt: Vec<u8>, hash: Vec<u8>, passes: u64) -> ParseResult {
    let more = data.required_object("additionalParameters")?;
    if more.number(&["hashLength"])?.is_some_and(|length| !is_length(length, &hash)) {
        return Err(Problem::malformed("the hash length differs from the value"));
    }
    let version = match more.listed("version")?.unwrap_or("1.3") {
        "1.3" => Version::V0x13,
        "1.0" => Version::V0x10,
        _ => return Err(Problem::unsupported("unknown argon2 version")),
    };
    let (memory_kib, lanes) = (more.required_number(&["memory"])?, more.number(&["parallelism"])?.unwrap_or(1));
    if passes == 0 || lanes == 0 {
        return Err(Problem::malformed("passes and parallelism must be at least one"));
    }
    let stored = argon2_text::Stored {
        algorithm: argon2_text::variant(more.listed("type")?.unwrap_or("id"))?,
        version,
        memory_kib,
        passes,
        lanes,
        key_id: None,
        data: Vec::new(),
        salt,
        hash,
        secret: Zeroizing::default(),
    };
    Ok(Box::new(argon2_text::Nameless(stored.checked()?)))
}
