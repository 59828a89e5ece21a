//! NetBSD's SHA-1 crypt: `$sha1$rounds$salt$hash`, PBKDF1 with HMAC-SHA-1 (NetBSD `crypt-sha1.c`).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_crypt64, same, to_crypt64};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, decoded, positive, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

struct Sha1Crypt {
    rounds: u64,
    salt: String,
    hash: String,
}

/// Parses scheme `sha1crypt`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// The text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let [rounds, salt, hash] = split::<3>(after(text, "$sha1$")?, '$')?;
    if hash.len() != 28 || decoded("hash", from_crypt64(hash))?.len() != 21 {
        return Err(Problem::malformed("the hash does not have 28 characters"));
    }
    Ok(Box::new(Sha1Crypt {
        rounds: positive("number of rounds", rounds)?,
        salt: salt.to_owned(),
        hash: hash.to_owned(),
    }))
}

impl StoredHash for Sha1Crypt {
    fn cost(&self) -> Cost {
        Cost::Crypt { rounds: self.rounds }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len() * 6 / 8)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let head = format!("{}$sha1${}", self.salt, self.rounds);
        let mut value = Digest::Sha1.hmac(attempt.password, &[head.as_bytes()]);
        for _ in 1..self.rounds {
            value = Digest::Sha1.hmac(attempt.password, &[&value]);
        }
        // Groups of three with the most significant byte first; the last group uses the first byte again.
        let byte = |at: usize| value.get(at).copied().unwrap_or(0);
        let ordered: Vec<u8> =
            (0..7).flat_map(|group| [3 * group + 2, 3 * group + 1, 3 * group]).map(|at| byte(at % 20)).collect();
        Verdict::match_if(same(to_crypt64(&ordered).as_bytes(), self.hash.as_bytes()))
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("$sha1${}${}${}", self.rounds, self.salt, self.hash))
    }
}
