//! SHA-crypt, `$5$` and `$6$` (Ulrich Drepper, akkadia.org/drepper/SHA-crypt.txt).

use crate::password::credential::Credential;
use crate::password::encoding::{from_crypt64, same, to_crypt64, to_crypt64_number};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, decoded, number, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

/// Rounds of a text without a number of rounds.
const DEFAULT_ROUNDS: u64 = 5000;
/// The fewest rounds that crypt(3) accepts and writes.
const LEAST_ROUNDS: u64 = 1000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Sha256,
    Sha512,
}

struct ShaCrypt {
    size: Size,
    /// Whether the text has a number of rounds.
    explicit: bool,
    rounds: u64,
    salt: String,
    hash: String,
}

/// Parses scheme `sha256crypt`.
pub(super) fn parse_256(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    after(text, "$5$")?;
    boxed(text)
}

/// Parses scheme `sha512crypt`.
pub(super) fn parse_512(credential: &Credential) -> ParseResult {
    let text = credential.required()?;
    after(text, "$6$")?;
    boxed(text)
}

/// Either text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let (size, rest) = match text.strip_prefix("$5$") {
        Some(rest) => (Size::Sha256, rest),
        None => (Size::Sha512, after(text, "$6$")?),
    };
    let (explicit, rounds, rest) = match rest.strip_prefix("rounds=") {
        None => (false, DEFAULT_ROUNDS, rest),
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$').ok_or(Problem::malformed("the salt is missing"))?;
            (true, number("number of rounds", rounds)?, rest)
        }
    };
    if rounds < LEAST_ROUNDS {
        return Err(Problem::malformed("the hash has fewer than 1000 rounds"));
    }
    let [salt, hash] = split::<2>(rest, '$')?;
    if salt.len() > 16 {
        return Err(Problem::malformed("the salt is longer than 16 characters"));
    }
    let (characters, bytes) = if size == Size::Sha256 { (43, 32) } else { (86, 64) };
    if hash.len() != characters || decoded("hash", from_crypt64(hash))?.len() != bytes {
        return Err(Problem::malformed(format!("the hash does not have {characters} characters")));
    }
    Ok(Box::new(ShaCrypt { size, explicit, rounds, salt: salt.to_owned(), hash: hash.to_owned() }))
}

/// Encodes a digest like SHA-crypt: bytes `n`, `n + third`, `n + 2·third` in a rotating order, then the rest.
fn print(output: &[u8], size: Size) -> String {
    let byte = |at: usize| output.get(at).copied().unwrap_or(0);
    let group = |at: usize| {
        // The three bytes of a group, the most significant first.
        let [a, b, c] = match size {
            Size::Sha256 => [at, at + 10, at + 20],
            Size::Sha512 => [at, at + 21, at + 42],
        };
        let order = match (size, at % 3) {
            (_, 0) => [a, b, c],
            (Size::Sha256, 1) | (Size::Sha512, 2) => [c, a, b],
            _ => [b, c, a],
        };
        to_crypt64(&order.map(byte).into_iter().rev().collect::<Vec<u8>>())
    };
    match size {
        Size::Sha256 => {
            let tail = u64::from(byte(31)) << 8 | u64::from(byte(30));
            (0..10).map(group).collect::<String>() + to_crypt64_number(tail, 3).as_str()
        }
        Size::Sha512 => (0..21).map(group).collect::<String>() + to_crypt64_number(u64::from(byte(63)), 2).as_str(),
    }
}

impl StoredHash for ShaCrypt {
    fn cost(&self) -> Cost {
        Cost::Crypt { rounds: self.rounds }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len() * 6 / 8)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let params = u32::try_from(self.rounds).ok().and_then(|rounds| sha_crypt::Params::new(rounds).ok());
        let Some(params) = params else { return Verdict::CostRefused("more rounds than crypt(3) supports".into()) };
        let salt = self.salt.as_bytes();
        let text = match self.size {
            Size::Sha256 => print(&sha_crypt::sha256_crypt(attempt.password, salt, params), self.size),
            Size::Sha512 => print(&sha_crypt::sha512_crypt(attempt.password, salt, params), self.size),
        };
        Verdict::match_if(same(text.as_bytes(), self.hash.as_bytes()))
    }

    fn canonical(&self) -> Option<String> {
        let magic = if self.size == Size::Sha256 { 5 } else { 6 };
        let rounds = if self.explicit { format!("rounds={}$", self.rounds) } else { String::new() };
        Some(format!("${magic}${rounds}{}${}", self.salt, self.hash))
    }
}
