//! ASP.NET Core Identity: base64 of a versioned binary (dotnet/aspnetcore, `PasswordHasher.cs`).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, to_base64};
use crate::password::parts::{cut, decoded};
use crate::password::stored::{ParseResult, Printed};
use crate::password::verdict::Problem;

use super::pbkdf2::{Pbkdf2, Spelling};

/// Salt and key of version 3 must have at least 16 bytes each.
const LEAST_BYTES: usize = 16;

/// Parses scheme `aspnet-identity`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let bytes = decoded("hash", from_base64(credential.required()?))?;
    let printed = to_base64(&bytes);
    match bytes.split_first() {
        Some((0, rest)) => Printed::boxed(printed, version_2(rest)),
        Some((1, rest)) => Printed::boxed(printed, version_3(rest)),
        Some(_) => Err(Problem::unsupported("unknown version of the ASP.NET format")),
        None => Err(Problem::malformed("the hash is empty")),
    }
}

/// Whether a text is base64 of a plausible hash of either version.
pub(super) fn is_aspnet(text: &str) -> bool {
    // Base64 of the version bytes 0 and 1 starts with `A`.
    let Some(bytes) = from_base64(text).filter(|_| text.starts_with('A')) else { return false };
    let is_version_3 = bytes.starts_with(&[1, 0, 0, 0]) && bytes.len() > 13;
    is_version_3 || bytes.first() == Some(&0) && bytes.len() == 49
}

/// Version 2: 16 bytes of salt, 32 of key, 1000 iterations of SHA-1.
fn version_2(rest: &[u8]) -> ParseResult {
    if rest.len() != 48 {
        return Err(Problem::malformed("the hash does not have 49 bytes"));
    }
    let (salt, hash) = cut(rest, 16)?;
    let (salt, hash) = (salt.to_vec(), hash.to_vec());
    Pbkdf2 { digest: Digest::Sha1, iterations: 1000, salt, hash, spelling: Spelling::Other }.boxed()
}

/// Version 3: digest, iterations and salt length as big-endian 32-bit numbers, then salt and key.
fn version_3(rest: &[u8]) -> ParseResult {
    let (prf, rest) = number(rest)?;
    let (iterations, rest) = number(rest)?;
    let (length, rest) = number(rest)?;
    let digest = match prf {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha512,
        _ => return Err(Problem::unsupported("unknown digest of the ASP.NET format")),
    };
    let (salt, hash) = cut(rest, usize::try_from(length).unwrap_or(usize::MAX))?;
    if salt.len() < LEAST_BYTES || hash.len() < LEAST_BYTES {
        return Err(Problem::malformed("salt and key have at least 16 bytes"));
    }
    let (salt, hash) = (salt.to_vec(), hash.to_vec());
    Pbkdf2 { digest, iterations, salt, hash, spelling: Spelling::Other }.boxed()
}

fn number(bytes: &[u8]) -> Result<(u64, &[u8]), Problem> {
    let (number, rest) = cut(bytes, 4)?;
    Ok((number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest))
}
