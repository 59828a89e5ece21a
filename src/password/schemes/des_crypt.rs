//! Traditional DES crypt (13 characters) and BSDi's extended form (`_` and 19 characters).

use crate::password::credential::Credential;
use crate::password::encoding::{crypt64_character, crypt64_value, from_crypt64_number, same};
use crate::password::length::{DES_CRYPT, HashLength};
use crate::password::limits::Cost;
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Lossy, Problem, Verdict};

use super::des::Des;

struct DesCrypt {
    extended: bool,
    rounds: u64,
    salt: u32,
    head: String,
    hash: String,
}

/// Parses scheme `descrypt`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    traditional(credential.required()?)
}

/// Parses scheme `bsdicrypt`.
pub(super) fn parse_extended(credential: &Credential) -> ParseResult {
    extended(credential.required()?)
}

/// Whether a text has the shape of a traditional hash.
pub(super) fn is_traditional(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| crypt64_value(byte).is_some())
}

/// A traditional text as a boxed stored hash.
pub(super) fn traditional(text: &str) -> ParseResult {
    let broken = || Problem::malformed("the stored hash does not have 13 characters of the crypt alphabet");
    let (salt, hash) = text.split_at_checked(2).filter(|_| is_traditional(text)).ok_or_else(broken)?;
    boxed(false, 25, salt, salt, hash)
}

/// A BSDi text as a boxed stored hash.
pub(super) fn extended(text: &str) -> ParseResult {
    let broken = || Problem::malformed("the stored hash does not have 20 characters of the crypt alphabet");
    let (head, hash) = text.split_at_checked(9).filter(|_| text.len() == 20).ok_or_else(broken)?;
    let (rounds, salt) = head.strip_prefix('_').and_then(|head| head.split_at_checked(4)).ok_or_else(broken)?;
    match from_crypt64_number(rounds).ok_or_else(broken)? {
        0 => Err(Problem::malformed("the number of rounds is zero")),
        rounds => boxed(true, rounds, head, salt, hash),
    }
}

fn boxed(extended: bool, rounds: u64, head: &str, salt: &str, hash: &str) -> ParseResult {
    let broken = || Problem::malformed("the stored hash has characters outside of the crypt alphabet");
    let salt = from_crypt64_number(salt).and_then(|salt| u32::try_from(salt).ok()).ok_or_else(broken)?;
    let last = hash.bytes().map(crypt64_value).try_fold(0, |_, value| value).ok_or_else(broken)?;
    if last & 3 != 0 {
        return Err(Problem::malformed("the last character of the hash has stray bits"));
    }
    Ok(Box::new(DesCrypt { extended, rounds, salt, head: head.to_owned(), hash: hash.to_owned() }))
}

/// Eight bytes of a password as a key: the lower seven bits of each, parity below.
fn key(bytes: &[u8]) -> u64 {
    (0..8).fold(0, |key, at| key << 8 | u64::from(bytes.get(at).copied().unwrap_or(0) << 1))
}

impl DesCrypt {
    fn key(&self, password: &[u8]) -> u64 {
        let mut chunks = password.chunks(8);
        let first = key(chunks.next().unwrap_or_default());
        if !self.extended {
            return first;
        }
        // BSDi folds in the bytes after the eighth: encrypt the key with itself, then mix in the next eight.
        chunks.fold(first, |folded, chunk| Des::new(folded).encrypt(folded) ^ key(chunk))
    }

    fn output(&self, password: &[u8]) -> String {
        let block = Des::new(self.key(password)).encrypt_salted(0, self.salt, self.rounds);
        // Eleven characters, most significant first, and two zero bits.
        (0..11_u32).map(|at| crypt64_character(if at == 10 { block << 2 } else { block >> (58 - 6 * at) })).collect()
    }
}

impl StoredHash for DesCrypt {
    fn cost(&self) -> Cost {
        Cost::Des { rounds: self.rounds }
    }

    fn length(&self) -> HashLength {
        // Eleven characters of six bits are one block and two zero bits.
        HashLength::Shorter(DES_CRYPT, self.hash.len() * 6 / 8)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let password = attempt.password;
        let loss = if !self.extended && password.len() > 8 {
            Some(Lossy::First8Bytes)
        } else if password.iter().any(|byte| *byte > 0x7f) {
            Some(Lossy::SevenBits)
        } else {
            None
        };
        Verdict::match_if(same(self.output(password).as_bytes(), self.hash.as_bytes())).with_loss(loss)
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}", self.head, self.hash))
    }

    fn ignores_part(&self) -> bool {
        !self.extended
    }
}
