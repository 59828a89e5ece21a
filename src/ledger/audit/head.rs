//! The head of the chain: how many rows there are, and the digest of the last one.

use std::fmt;
use std::str::FromStr;

use sqlx::SqliteConnection;
use thiserror::Error;

use crate::ledger::stamp::unsigned;
use crate::migrate::Keyring;
use crate::sqlite::refusal;

/// A point of the chain. Its text, `number:chain`, can be kept elsewhere as an anchor.
///
/// ```
/// use landfall::ledger::AuditHead;
/// let head: AuditHead = "2:00112233445566778899aabbccddeeff".parse()?;
/// assert_eq!((head.number, head.to_string().len()), (2, 34));
/// # Ok::<(), landfall::ledger::AuditHeadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// The number of the row; 0 before the first one.
    pub number: u64,
    /// The digest of the row, 32 hex digits; empty before the first one.
    pub chain: String,
}

/// A text that is no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a head of the audit is a number, a colon and 32 hex digits")]
pub struct AuditHeadError;

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.chain)
    }
}

impl FromStr for AuditHead {
    type Err = AuditHeadError;

    fn from_str(text: &str) -> Result<Self, AuditHeadError> {
        let (number, chain) = text.split_once(':').ok_or(AuditHeadError)?;
        let number = number.parse().map_err(|_| AuditHeadError)?;
        let digits = if number == 0 { 0 } else { 32 };
        if chain.len() != digits || !chain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AuditHeadError);
        }
        Ok(Self { number, chain: chain.to_owned() })
    }
}

impl AuditHead {
    /// What verifies that a stored head is ours. No row's digest can be one: rows chain from digests and from nothing.
    pub(super) fn tag(&self, keyring: &Keyring) -> String {
        keyring.chain("head", &self.to_string())
    }
}

/// A head as it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredHead {
    pub head: AuditHead,
    pub tag: String,
}

impl StoredHead {
    /// The head, when its tag verifies it.
    pub(super) fn verified(self, keyring: &Keyring) -> Option<AuditHead> {
        (self.head.tag(keyring) == self.tag).then_some(self.head)
    }
}

pub(super) async fn stored(connection: &mut SqliteConnection) -> Result<Option<StoredHead>, sqlx::Error> {
    let row: Option<(i64, String, String)> =
        sqlx::query_as("SELECT number, text, tag FROM meta WHERE name = 'audit'").fetch_optional(connection).await?;
    row.map(|(number, chain, tag)| Ok(StoredHead { head: AuditHead { number: unsigned(number)?, chain }, tag }))
        .transpose()
}

/// The head to append to.
///
/// It is read from the meta table and not from the last row: rows that were cut off leave a hole for ever.
pub(in crate::ledger) async fn head(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
) -> Result<AuditHead, sqlx::Error> {
    stored(connection).await?.and_then(|stored| stored.verified(keyring)).ok_or_else(|| {
        refusal("the head of the audit does not fit the key: the key is another one, or the file was changed")
    })
}

/// Writes the first head of a new ledger.
pub(in crate::ledger) async fn found(connection: &mut SqliteConnection, keyring: &Keyring) -> Result<(), sqlx::Error> {
    let genesis = AuditHead::default();
    let sql = "INSERT INTO meta (name, number, text, tag) SELECT 'audit', 0, '', ? \
               WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = 'audit') AND NOT EXISTS (SELECT 1 FROM audit)";
    sqlx::query(sql).bind(genesis.tag(keyring)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_survive_as_text() {
        let head = AuditHead { number: 7, chain: "0123456789abcdef0123456789abcdef".into() };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!("0:".parse(), Ok(AuditHead::default()));
        for text in ["", "7", "7:", "x:00", "7:0123456789abcdef0123456789abcdeg", "0:00"] {
            assert_eq!(text.parse::<AuditHead>(), Err(AuditHeadError), "{text}");
        }
    }
}
