//! The start of the audit: after the last row that was exported and removed.

use sqlx::SqliteConnection;

use super::head::AuditHead;
use crate::adapters::sqlite::ledger::stamp::unsigned;
use crate::adapters::sqlite::{Batch, refusal};
use crate::ports::Keyring;

/// The schema step that allows exported rows to be removed, and no others, and lets one row stand for several
/// decisions.
pub(in crate::adapters::sqlite::ledger) const SEGMENTS: &str = "
ALTER TABLE audit ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
CREATE INDEX audit_summed ON audit (outcome, reason, count) WHERE count > 1;

CREATE TABLE audit_totals (
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (outcome, reason)
) WITHOUT ROWID;

DROP TRIGGER audit_holds;
CREATE TRIGGER audit_holds BEFORE DELETE ON audit
WHEN OLD.number > COALESCE((SELECT number FROM meta WHERE name = 'audit_start'), 0)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_start_grows BEFORE UPDATE ON meta WHEN OLD.name = 'audit_start' AND NEW.number < OLD.number
BEGIN SELECT RAISE(ABORT, 'exported rows do not come back'); END;
CREATE TRIGGER audit_start_stays BEFORE DELETE ON meta WHEN OLD.name = 'audit_start'
BEGIN SELECT RAISE(ABORT, 'exported rows do not come back'); END;
";

/// The start as stored.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredStart {
    pub head: AuditHead,
    pub tag: String,
}

impl StoredStart {
    /// A start with its tag. The tag never equals the digest of a row or the tag of a head.
    pub(super) fn new(keyring: &Keyring, head: AuditHead) -> Self {
        let tag = keyring.chain("start", &head.to_string());
        Self { head, tag }
    }

    /// The head of the exported rows, if the tag verifies.
    pub(super) fn verified(self, keyring: &Keyring) -> Option<AuditHead> {
        (Self::new(keyring, self.head.clone()).tag == self.tag).then_some(self.head)
    }
}

/// The start; `None` if no rows were removed.
pub(super) async fn stored_start(connection: &mut SqliteConnection) -> Result<Option<StoredStart>, sqlx::Error> {
    let sql = "SELECT number, text, tag FROM meta WHERE name = 'audit_start'";
    let row: Option<(i64, String, String)> = sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(|(number, chain, tag)| Ok(StoredStart { head: AuditHead { number: unsigned(number)?, chain }, tag }))
        .transpose()
}

/// The head of the exported and removed rows; the default if there are none.
pub(in crate::adapters::sqlite::ledger) async fn start(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
) -> Result<AuditHead, sqlx::Error> {
    match stored_start(connection).await? {
        None => Ok(AuditHead::default()),
        Some(stored) => stored.verified(keyring).ok_or_else(|| refusal("the start of the audit was changed")),
    }
}

/// Moves the start and removes the rows up to it in one step: after a crash the audit has either the old or the new
/// start. The removed rows stay in the totals. Returns how many rows were removed; `None` if the start is already
/// there.
pub(in crate::adapters::sqlite::ledger) async fn advance(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    to: &AuditHead,
) -> Result<u64, sqlx::Error> {
    let from = start(connection, keyring).await?;
    if from.number >= to.number {
        return Ok(0);
    }
    let number = i64::try_from(to.number).map_err(|_| refusal("the audit has no such number"))?;
    let stored = StoredStart::new(keyring, to.clone());
    let mut batch = Batch::default();
    batch
        .add(
            "INSERT INTO audit_totals (outcome, reason, count) \
             SELECT outcome, reason, SUM(count) FROM audit WHERE number <= ? GROUP BY outcome, reason \
             ON CONFLICT (outcome, reason) DO UPDATE SET count = count + excluded.count",
        )
        .bind(number)
        .add(
            "INSERT INTO meta (name, number, text, tag) VALUES ('audit_start', ?, ?, ?) \
             ON CONFLICT (name) DO UPDATE SET number = excluded.number, text = excluded.text, tag = excluded.tag",
        )
        .bind(number)
        .bind(to.chain.clone())
        .bind(stored.tag)
        .add("DELETE FROM audit WHERE number <= ?")
        .bind(number);
    batch.execute(connection).await?;
    Ok(to.number - from.number)
}
