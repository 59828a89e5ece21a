//! Two small formats: SAP's `{x-issha, 1024}` (CODVN H) and FSHP.

use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_base64, same, to_base64};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{cut, decoded, positive, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

use super::digest::Digested;

struct Sap {
    digest: Digest,
    rounds: u64,
    salt: Vec<u8>,
    hash: Vec<u8>,
    text: String,
}

/// Parses scheme `sap-issha`: every round hashes the password and the previous digest.
pub(super) fn parse_sap(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    let (head, rest) = super::ldap::name_and_rest(text)?;
    let (name, rounds) = head.split_once(',').ok_or(Problem::malformed("the number of rounds is missing"))?;
    let digest = match name.to_ascii_lowercase().as_str() {
        "x-issha" => Digest::Sha1,
        "x-issha256" => Digest::Sha256,
        "x-issha384" => Digest::Sha384,
        "x-issha512" => Digest::Sha512,
        _ => return Err(Problem::unsupported("unknown SAP scheme")),
    };
    let rounds = positive("number of rounds", rounds.trim())?;
    let bytes = decoded("hash", from_base64(rest))?;
    let (hash, salt) = cut(&bytes, digest.size())?;
    let text = format!("{{{head}}}{}", to_base64(&bytes));
    Ok(Box::new(Sap { digest, rounds, salt: salt.to_vec(), hash: hash.to_vec(), text }))
}

impl StoredHash for Sap {
    fn cost(&self) -> Cost {
        Cost::Digests(self.rounds)
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let mut value: Zeroizing<Vec<u8>> = self.digest.hash(&[attempt.password, &self.salt]);
        for _ in 1..self.rounds {
            value = self.digest.hash(&[attempt.password, &value]);
        }
        Verdict::match_if(same(&value, &self.hash))
    }

    fn canonical(&self) -> Option<String> {
        Some(self.text.clone())
    }
}

/// Parses scheme `fshp`: `{FSHP1|salt bytes|rounds}` and base64 of salt and digest (github.com/bdd/fshp). The digest is
/// PBKDF1 with salt and password swapped.
pub(super) fn parse_fshp(credential: &Credential) -> ParseResult {
    let (head, rest) = super::ldap::name_and_rest(credential.required()?)?;
    let [name, salt_bytes, rounds] = split::<3>(head, '|')?;
    let digest = match name.strip_prefix("FSHP").ok_or(Problem::malformed("this is not an FSHP hash"))? {
        "0" => Digest::Sha1,
        "1" => Digest::Sha256,
        "2" => Digest::Sha384,
        "3" => Digest::Sha512,
        _ => return Err(Problem::unsupported("unknown FSHP variant")),
    };
    let salt_bytes = crate::password::parts::number("salt length", salt_bytes)?;
    let rounds = positive("number of rounds", rounds)?;
    let bytes = decoded("hash", from_base64(rest))?;
    let (salt, hash) = cut(&bytes, usize::try_from(salt_bytes).unwrap_or(usize::MAX))?;
    let printed = format!("{{{head}}}{}", to_base64(&bytes));
    let mut digested = Digested::between(digest, salt, &[], hash.to_vec());
    digested.again = rounds - 1;
    digested.printed(printed).boxed()
}
