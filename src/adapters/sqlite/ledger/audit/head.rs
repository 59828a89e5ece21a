//! The head of the chain: the number of rows, and the digest of the last one.

use std::fmt;
use std::str::FromStr;

use sqlx::SqliteConnection;
use thiserror::Error;

use crate::adapters::sqlite::ledger::stamp::unsigned;
use crate::adapters::sqlite::refusal;
use crate::ports::Keyring;

/// A point in the chain. Its text form, `number:chain`, can be kept elsewhere as an anchor.
///
/// ```
/// use landfall::adapters::sqlite::AuditHead;
/// let head: AuditHead = "2:00112233445566778899aabbccddeeff".parse()?;
/// assert_eq!((head.number, head.to_string().len()), (2, 34));
/// # Ok::<(), landfall::adapters::sqlite::AuditHeadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// The number of the row; 0 before the first row.
    pub number: u64,
    /// The digest of the row, 32 hexadecimal digits; empty before the first row.
    pub chain: String,
}

/// Text that is not a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a head of the audit: expected a number, a colon and 32 hexadecimal digits")]
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
    /// The tag that verifies a stored head. It never equals a row's digest: rows chain from a digest or from the empty
    /// text.
    pub(super) fn tag(&self, keyring: &Keyring) -> String {
        keyring.chain("head", &self.to_string())
    }
}

/// A head as stored.
#[derive(Debug, Clone)]
pub(super) struct StoredHead {
    pub head: AuditHead,
    pub tag: String,
}

impl StoredHead {
    /// The head, if its tag verifies.
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
/// Read from the meta table and not from the last row, so that rows cut off the end leave a permanent gap.
pub(in crate::adapters::sqlite::ledger) async fn head(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
) -> Result<AuditHead, sqlx::Error> {
    stored(connection).await?.and_then(|stored| stored.verified(keyring)).ok_or_else(|| {
        refusal("the head of the audit does not match the key: the key is wrong, or the file was changed")
    })
}

/// Writes the first head of a new ledger.
pub(in crate::adapters::sqlite::ledger) async fn create(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
) -> Result<(), sqlx::Error> {
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
    fn heads_round_trip() {
        let head = AuditHead { number: 7, chain: "0123456789abcdef0123456789abcdef".into() };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!("0:".parse(), Ok(AuditHead::default()));
        for text in ["", "7", "7:", "x:00", "7:0123456789abcdef0123456789abcdeg", "0:00"] {
            assert_eq!(text.parse::<AuditHead>(), Err(AuditHeadError), "{text}");
        }
    }
}
