//! Windows: the NT hash (MD4 of UTF-16LE) and the LM hash before it (MS-NLMP, section 3.3.1).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_hex, same};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{decoded, exactly};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Lossy, Problem, Verdict};

use super::des::Des;
use super::digest::{Digested, Letters};

/// The block that LM encrypts with each half of the password.
const LM_BLOCK: u64 = 0x4b47_5321_4023_2425;
/// The LM hash of an empty password, which Windows stores if it keeps no LM hash.
const LM_NONE: &str = "aad3b435b51404eeaad3b435b51404ee";

/// Parses scheme `nthash`: 32 hexadecimal digits, `$3$$…`, or the `…:LM:NT:::` line of `pwdump`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let text = match credential.text(&["hash"])? {
        Some(text) => text,
        None => credential.required()?,
    };
    if text.starts_with("$3$") {
        return crypt(text);
    }
    let columns: Vec<&str> = text.split(':').collect();
    boxed(columns.get(3).copied().filter(|_| columns.len() == 7).unwrap_or(text))
}

/// FreeBSD's crypt(3) format, `$3$$` and hexadecimal.
pub(super) fn crypt(text: &str) -> ParseResult {
    let hash = text.strip_prefix("$3$$").ok_or(Problem::malformed("the stored hash does not start with `$3$$`"))?;
    Ok(Box::new(super::super::stored::Wrapped { prefix: "$3$$".to_owned(), inner: boxed(hash)? }))
}

/// Hexadecimal digits of an NT hash.
pub(super) fn boxed(hex: &str) -> ParseResult {
    let mut digested = Digested::between(Digest::Md4, &[], &[], decoded("NT hash", from_hex(hex))?);
    digested.letters = Letters::Utf16Le;
    digested.printed(hex.to_ascii_lowercase()).boxed()
}

struct Lm {
    hash: [u8; 16],
}

/// Parses scheme `lmhash`: 32 hexadecimal digits.
pub(super) fn parse_lm(credential: &Credential) -> ParseResult {
    lm(credential.required()?)
}

/// Hexadecimal digits of an LM hash.
pub(super) fn lm(text: &str) -> ParseResult {
    if text.eq_ignore_ascii_case(LM_NONE) {
        return Err(Problem::unusable("Windows stores no LM hash for this account"));
    }
    Ok(Box::new(Lm { hash: exactly("LM hash", decoded("LM hash", from_hex(text))?)? }))
}

/// Spreads seven bytes over the eight bytes of a DES key.
fn key(half: &[u8]) -> u64 {
    let bits = (0..7).fold(0_u64, |bits, at| bits << 8 | u64::from(half.get(at).copied().unwrap_or(0)));
    (0..8_u32).fold(0, |key, at| key << 8 | (bits >> (49 - 7 * at) & 0x7f) << 1)
}

impl StoredHash for Lm {
    fn cost(&self) -> Cost {
        Cost::Des { rounds: 2 }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        // Windows stores an LM hash only for passwords of at most 14 characters of its OEM code page.
        if attempt.password.len() > 14 || !attempt.password.is_ascii() {
            return Verdict::Mismatch;
        }
        let upper = zeroize::Zeroizing::new(attempt.password.to_ascii_uppercase());
        let (first, second) = upper.split_at_checked(7).unwrap_or((&upper, &[]));
        let halves = [first, second].map(|half| Des::new(key(half)).encrypt(LM_BLOCK).to_be_bytes());
        let loss = attempt.password.iter().any(u8::is_ascii_alphabetic).then_some(Lossy::Case);
        Verdict::match_if(same(halves.as_flattened(), &self.hash)).with_loss(loss)
    }

    fn canonical(&self) -> Option<String> {
        Some(hex::encode(self.hash))
    }

    fn ignores_part(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_lm_key() {
        // MS-NLMP 4.2.2.1.1: LMOWF of "Password" is e52cac67419a9a22 4a3b108f3fa6cb6d.
        assert_eq!(Des::new(key(b"PASSWOR")).encrypt(LM_BLOCK), 0xe52c_ac67_419a_9a22);
        assert_eq!(Des::new(key(b"D")).encrypt(LM_BLOCK), 0x4a3b_108f_3fa6_cb6d);
    }
}
