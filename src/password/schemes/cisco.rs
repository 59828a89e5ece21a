//! Cisco IOS' types 8 and 9: `$8$salt$hash` (PBKDF2) and `$9$salt$hash` (scrypt), with fixed costs; type 5 is MD5 crypt.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::parts::{decoded, split};
use crate::password::stored::{ParseResult, Printed};
use crate::password::verdict::Problem;

use super::pbkdf2::{self, Pbkdf2};
use super::scrypt::{self, Scrypt};

/// The alphabet of crypt(3), most significant bits first.
const CISCO: GeneralPurpose = GeneralPurpose::new(&alphabet::CRYPT, NO_PAD);
/// Iterations of type 8.
const ITERATIONS: u64 = 20_000;
/// Bytes of the hash of either type.
const HASH_BYTES: usize = 32;

/// Parses scheme `cisco`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    let [empty, kind, salt, hash] = split::<4>(text, '$')?;
    let hash = decoded("hash", CISCO.decode(hash).ok())?;
    if !empty.is_empty() || hash.len() != HASH_BYTES {
        return Err(Problem::malformed("the hash does not have 32 bytes"));
    }
    let salt = salt.as_bytes().to_vec();
    let inner = match kind {
        "8" => {
            let (digest, spelling) = (Digest::Sha256, pbkdf2::Spelling::Other);
            Pbkdf2 { digest, iterations: ITERATIONS, salt, hash, spelling }.boxed()
        }
        "9" => Scrypt { n: 1 << 14, r: 1, p: 1, salt, hash, spelling: scrypt::Spelling::Other }.boxed(),
        _ => return Err(Problem::unsupported("unknown Cisco type")),
    };
    Printed::boxed(text.to_owned(), inner)
}
