//! Solaris' MD5 crypt: `$md5,rounds=904$salt$$hash` (Muffett's algorithm, `crypt_sunmd5`).

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_crypt64, same, to_crypt64, to_crypt64_number};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{decoded, number};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

/// Rounds in addition to those in the text.
const BASIC_ROUNDS: u64 = 4096;
const ORDER: [usize; 15] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4];
/// Hamlet, act III, scene I, from the Project Gutenberg text, with the NUL of the original C string.
const HAMLET: &str = include_str!("sun_md5_hamlet.txt");

struct SunMd5 {
    rounds: u64,
    /// Everything before the last `$` and, in the odd form, that `$` too: it is hashed unchanged.
    salt: String,
    hash: String,
    text: String,
}

/// Parses scheme `sunmd5`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// The text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let rest = text.strip_prefix("$md5").ok_or(Problem::malformed("the stored hash does not start with `$md5`"))?;
    let (rounds, rest) = match rest.strip_prefix(",rounds=") {
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$').ok_or(Problem::malformed("the salt is missing"))?;
            (number("number of rounds", rounds)?, rest)
        }
        None => (0, rest.strip_prefix('$').ok_or(Problem::malformed("the salt is missing"))?),
    };
    let (_, hash) = rest.rsplit_once('$').ok_or(Problem::malformed("the hash is missing"))?;
    if hash.len() != 22 || decoded("hash", from_crypt64(hash))?.len() != 16 {
        return Err(Problem::malformed("the hash does not have 22 characters"));
    }
    // `salt$$hash` hashes the setting with one `$` at its end, `salt$hash` without.
    let head = text.strip_suffix(hash).and_then(|head| head.strip_suffix('$')).unwrap_or_default();
    Ok(Box::new(SunMd5 { rounds, salt: head.to_owned(), hash: hash.to_owned(), text: text.to_owned() }))
}

/// Bit `at` of a digest, the least of each byte first.
fn bit(digest: &[u8], at: usize) -> usize {
    digest.get(at / 8 % 16).map_or(0, |byte| usize::from(byte >> (at % 8) & 1))
}

/// Seven bits of the digest, selected by the digest itself from byte `from` on.
fn index(digest: &[u8], from: usize) -> usize {
    let byte = |at: usize| usize::from(digest.get(at % 16).copied().unwrap_or(0));
    (0..7).fold(0, |value, at| {
        let (a, b) = (byte(from + at), byte(from + at + 3));
        let picked = byte(a >> (b % 5)) >> (b >> (a & 7) & 1);
        value | bit(digest, picked & 127) << at
    })
}

/// The coin toss of a round: whether Hamlet is added.
fn coin(digest: &[u8], round: usize) -> bool {
    let left = index(digest, bit(digest, round & 127));
    let right = index(digest, 8 + bit(digest, (round + 64) & 127));
    bit(digest, left) != bit(digest, right)
}

impl StoredHash for SunMd5 {
    fn cost(&self) -> Cost {
        Cost::Crypt { rounds: self.rounds.saturating_add(BASIC_ROUNDS) }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len() * 6 / 8)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let mut value = Digest::Md5.hash(&[attempt.password, self.salt.as_bytes()]);
        for round in 0..self.rounds.saturating_add(BASIC_ROUNDS) {
            let recited = if coin(&value, usize::try_from(round & 127).unwrap_or(0)) { HAMLET.as_bytes() } else { &[] };
            let nul: &[u8] = if recited.is_empty() { &[] } else { &[0] };
            value = Digest::Md5.hash(&[&value, recited, nul, round.to_string().as_bytes()]);
        }
        let ordered: Vec<u8> = ORDER.iter().filter_map(|at| value.get(*at).copied()).collect();
        let last = value.get(11).copied().unwrap_or(0);
        let text = to_crypt64(&ordered) + to_crypt64_number(u64::from(last), 2).as_str();
        Verdict::match_if(same(text.as_bytes(), self.hash.as_bytes()))
    }

    fn canonical(&self) -> Option<String> {
        Some(self.text.clone())
    }
}
