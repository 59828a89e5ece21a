//! phpass, `$P$` and `$H$` (openwall.com/phpass), and Drupal 7's `$S$`, which is based on it.

use crate::password::credential::Credential;
use crate::password::digests::Digest;
use crate::password::encoding::{crypt64_value, from_crypt64, same, to_crypt64};
use crate::password::length::HashLength;
use crate::password::limits::Cost;
use crate::password::parts::{after, decoded};
use crate::password::stored::{Attempt, ParseResult, Prepared, StoredHash};
use crate::password::verdict::{Problem, Verdict};

struct Phpass {
    digest: Digest,
    log2: u8,
    /// The head as stored: identifier, round character, salt.
    head: String,
    salt: String,
    /// The characters of the hash; Drupal truncates them.
    hash: String,
}

/// Parses scheme `phpass`.
pub(super) fn parse(credential: &Credential) -> ParseResult {
    boxed(credential.required()?)
}

/// A phpass text as a boxed stored hash.
pub(super) fn boxed(text: &str) -> ParseResult {
    let rest = text.strip_prefix("$P$").or_else(|| text.strip_prefix("$H$"));
    let rest = rest.ok_or(Problem::malformed("the stored hash does not start with `$P$` or `$H$`"))?;
    Ok(Box::new(read(text, rest, Digest::Md5, 22)?))
}

/// Parses scheme `drupal7`: `$S$`, and the hashes of hashes (`U$S$`, `U$P$`) from the upgrade of Drupal 6.
pub(super) fn parse_drupal(credential: &Credential) -> ParseResult {
    drupal(credential.required()?)
}

/// A Drupal text as a boxed stored hash.
pub(super) fn drupal(text: &str) -> ParseResult {
    if let Some(inner) = text.strip_prefix('U') {
        let prepare = |password: &[u8]| Ok(hex::encode(&*Digest::Md5.hash(&[password])).into_bytes().into());
        let prefix = Some("U".to_owned());
        return Ok(Box::new(Prepared { prepare: Box::new(prepare), calls: 1, inner: drupal(inner)?, prefix }));
    }
    if text.starts_with("$P$") || text.starts_with("$H$") {
        return boxed(text);
    }
    Ok(Box::new(read(text, after(text, "$S$")?, Digest::Sha512, 43)?))
}

fn read(text: &str, rest: &str, digest: Digest, characters: usize) -> Result<Phpass, Problem> {
    let broken = || Problem::malformed("the stored hash is too short");
    let (round, rest) = rest.split_at_checked(1).ok_or_else(broken)?;
    let (salt, hash) = rest.split_at_checked(8).ok_or_else(broken)?;
    let log2 = round.bytes().next().and_then(crypt64_value);
    // phpass itself only accepts 2^7 to 2^30.
    let log2 = log2
        .filter(|log2| (7..=30).contains(log2))
        .ok_or(Problem::malformed("the number of rounds is not between 2^7 and 2^30"))?;
    let whole = digest == Digest::Md5;
    if hash.len() != characters || !hash.bytes().all(|byte| crypt64_value(byte).is_some()) {
        return Err(Problem::malformed(format!("the hash does not have {characters} characters")));
    }
    if whole {
        decoded("hash", from_crypt64(hash))?;
    }
    let head = text.strip_suffix(hash).unwrap_or_default().to_owned();
    Ok(Phpass { digest, log2, head, salt: salt.to_owned(), hash: hash.to_owned() })
}

impl StoredHash for Phpass {
    fn cost(&self) -> Cost {
        Cost::Phpass(u32::from(self.log2))
    }

    fn length(&self) -> HashLength {
        HashLength::Bytes(self.hash.len() * 6 / 8)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let mut value = self.digest.hash(&[self.salt.as_bytes(), attempt.password]);
        for _ in 0..1_u64 << self.log2 {
            value = self.digest.hash(&[&value, attempt.password]);
        }
        let text = to_crypt64(&value);
        Verdict::match_if(text.get(..self.hash.len()).is_some_and(|text| same(text.as_bytes(), self.hash.as_bytes())))
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}", self.head, self.hash))
    }
}
