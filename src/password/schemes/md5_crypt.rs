//! MD5 crypt, `$1$`, and Apache's `$apr1$` (Poul-Henning Kamp, FreeBSD 2.0).

use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{from_crypt64, same, to_crypt64, to_crypt64_number};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, decoded, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Problem, Verdict};

/// The output order of the sixteen bytes.
const ORDER: [usize; 16] = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11];
const ROUNDS: u32 = 1000;

struct Md5Crypt {
    magic: &'static str,
    salt: String,
    /// The characters of the hash.
    hash: String,
}

/// Parses scheme `md5crypt`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    read(credential.required()?, "$1$")
}

/// Parses scheme `apr1`.
pub(super) fn parse_apr1(credential: &Credential) -> ParseResult {
    read(credential.required()?, "$apr1$")
}

/// A text with a magic prefix as a boxed stored hash.
pub(super) fn read(text: &str, magic: &'static str) -> ParseResult {
    let [salt, hash] = split::<2>(after(text, magic)?, '$')?;
    if salt.len() > 8 {
        return Err(Problem::malformed("the salt is longer than 8 characters"));
    }
    // 22 characters are 16 bytes and 4 unused bits.
    if hash.len() != 22 || decoded("hash", from_crypt64(hash))?.len() != 16 {
        return Err(Problem::malformed("the hash does not have 22 characters"));
    }
    Ok(Box::new(Md5Crypt { magic, salt: salt.to_owned(), hash: hash.to_owned() }))
}

impl Md5Crypt {
    fn output(&self, password: &[u8]) -> String {
        let salt = self.salt.as_bytes();
        let inner = Digest::Md5.hash(&[password, salt, password]);
        let mut text = Zeroizing::new([password, self.magic.as_bytes(), salt].concat());
        text.extend(inner.iter().cycle().take(password.len()));
        let mut length = password.len();
        while length > 0 {
            // An odd length adds a NUL, an even one the first character: a mistake of the author that became the
            // format.
            text.push(if length & 1 == 1 { 0 } else { password.first().copied().unwrap_or(0) });
            length >>= 1;
        }
        let mut value = Digest::Md5.hash(&[&text]);
        for round in 0..ROUNDS {
            let odd = round & 1 == 1;
            let (first, last) = if odd { (password, value.as_slice()) } else { (value.as_slice(), password) };
            let salt = if round % 3 == 0 { &[] } else { salt };
            let middle = if round % 7 == 0 { &[] } else { password };
            value = Digest::Md5.hash(&[first, salt, middle, last]);
        }
        print(&value)
    }
}

/// Encodes the bytes in the order of the scheme, the most significant of each three last.
fn print(value: &[u8]) -> String {
    let ordered: Vec<u8> = ORDER.iter().filter_map(|at| value.get(*at).copied()).collect();
    match ordered.split_last() {
        Some((last, rest)) => to_crypt64(rest) + to_crypt64_number(u64::from(*last), 2).as_str(),
        None => String::new(),
    }
}

impl StoredHash for Md5Crypt {
    fn cost(&self) -> Cost {
        Cost::Crypt { rounds: u64::from(ROUNDS) }
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len() * 6 / 8)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        Verdict::match_if(same(self.output(attempt.password).as_bytes(), self.hash.as_bytes()))
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}${}", self.magic, self.salt, self.hash))
    }
}
