//! bcrypt: `$2b$10$` + 22 characters of salt + 31 of hash, in all its dialects (Provos and Mazières 1999; crypt_blowfish).

use zeroize::Zeroizing;

use crate::password::credential::Credential;
use crate::password::encoding::{from_bcrypt64, same, to_bcrypt64};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, exactly, split};
use crate::password::stored::{Attempt, ParseResult, StoredHash};
use crate::password::verdict::{Lossy, Problem, Verdict};

use super::template::transformed;

/// How many bytes of a password, its NUL included, bcrypt's key schedule uses.
const KEY_BYTES: usize = 72;

/// The meaning of the letter after `$2` for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// `$2$`: no NUL at the end of the password.
    First,
    /// `$2a$`, `$2b$`, `$2y$`: one algorithm under three names.
    Current(char),
    /// `$2x$`: characters were signed, so that 8-bit bytes change their neighbours (CVE-2011-2483).
    SignExtended,
}

/// A bcrypt hash.
pub(super) struct Bcrypt {
    dialect: Dialect,
    cost: u32,
    salt: [u8; 16],
    hash: [u8; 23],
}

/// Parses scheme `bcrypt`: the text, and optionally a `prehash` template and a `pepper`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    let inner: Box<dyn StoredHash> = Box::new(Bcrypt::read(credential.required()?)?);
    match credential.text(&["prehash", "input"])? {
        Some(template) => transformed(template, credential, inner),
        None => Ok(inner),
    }
}

/// A bcrypt hash as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    Ok(Box::new(Bcrypt::read(text)?))
}

impl Bcrypt {
    /// Parses `$2b$10$…`.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let [dialect, cost, rest] = split::<3>(after(text, "$2")?, '$')?;
        let dialect = match dialect {
            "" => Dialect::First,
            "a" => Dialect::Current('a'),
            "b" => Dialect::Current('b'),
            "y" => Dialect::Current('y'),
            "x" => Dialect::SignExtended,
            _ => return Err(Problem::unsupported("unknown bcrypt dialect")),
        };
        let cost = cost.parse().ok().filter(|_| cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit()));
        let cost = cost
            .filter(|cost| (4..=31).contains(cost))
            .ok_or(Problem::malformed("the bcrypt cost is not between 04 and 31"))?;
        let (salt, hash) = rest.split_at_checked(22).ok_or(Problem::malformed("the bcrypt salt is too short"))?;
        // The last characters have unused bits; libraries disagree on the meaning of set ones.
        let salt =
            from_bcrypt64(salt).ok_or(Problem::malformed("the bcrypt salt has characters outside of its alphabet"))?;
        let hash =
            from_bcrypt64(hash).ok_or(Problem::malformed("the bcrypt hash has characters outside of its alphabet"))?;
        Ok(Self { dialect, cost, salt: exactly("bcrypt salt", salt)?, hash: exactly("bcrypt hash", hash)? })
    }

    /// The bytes that go into the key schedule. A NUL inside the password is data: truncating there, as C code does,
    /// would accept everybody who knows the part before it.
    fn key(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut key = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
        key.extend(password.iter().take(KEY_BYTES));
        match self.dialect {
            Dialect::First if !key.is_empty() => key,
            Dialect::SignExtended => {
                key.push(0);
                sign_extended(&key)
            }
            _ => {
                key.push(0);
                key.truncate(KEY_BYTES);
                key
            }
        }
    }
}

/// The 18 words that the sign-extending code made of a key, as the 72 bytes that give the same words in correct code.
fn sign_extended(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = key.iter().cycle();
    let mut words = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    for _ in 0..KEY_BYTES / 4 {
        let word = bytes.by_ref().take(4).fold(0_i32, |word, byte| word << 8 | i32::from(byte.cast_signed()));
        words.extend(word.to_be_bytes());
    }
    words
}

impl StoredHash for Bcrypt {
    fn cost(&self) -> Cost {
        Cost::Bcrypt(self.cost)
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len())
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let key = self.key(attempt.password);
        let output = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &key));
        let loss = (attempt.password.len() > KEY_BYTES).then_some(Lossy::First72Bytes);
        Verdict::match_if(output.get(..23).is_some_and(|output| same(output, &self.hash))).with_loss(loss)
    }

    fn canonical(&self) -> Option<String> {
        let dialect = match self.dialect {
            Dialect::First => String::new(),
            Dialect::Current(letter) => letter.to_string(),
            Dialect::SignExtended => "x".to_owned(),
        };
        Some(format!("$2{dialect}${:02}${}{}", self.cost, to_bcrypt64(&self.salt), to_bcrypt64(&self.hash)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_salt_bits_are_rejected() {
        // The 22nd character of a salt has four unused bits.
        assert!(Bcrypt::read("$2b$04$zNAjLxOiKsWhfT9shBd/qOqOuFQvsO8xPsg4avK3AFKpxcW6Idhze").is_ok());
        assert!(Bcrypt::read("$2b$04$zNAjLxOiKsWhfT9shBd/qPqOuFQvsO8xPsg4avK3AFKpxcW6Idhze").is_err());
    }

    #[test]
    fn signed_characters_change_their_neighbours() {
        assert_eq!(sign_extended(b"a\0").get(..4), Some(&b"a\0a\0"[..]));
        // `a` 0x80 NUL `a`: the negative byte sets every bit above it.
        assert_eq!(sign_extended(b"a\x80\0").get(..4), Some(&[0xff, 0x80, 0x00, b'a'][..]));
    }
}
