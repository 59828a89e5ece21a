//! Where the audit begins: behind the last row that was exported and removed.

use sqlx::SqliteConnection;

use super::head::AuditHead;
use crate::ledger::stamp::unsigned;
use crate::migrate::Keyring;
use crate::sqlite::{Batch, refusal};

/// The step that lets exported rows go, and no others; and lets one row stand for several decisions.
pub(in crate::ledger) const SEGMENTS: &str = "
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

/// The start as it is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredStart {
    pub head: AuditHead,
    pub tag: String,
}

impl StoredStart {
    /// A start of ours. Neither a row's digest nor a head's tag can be its tag.
    pub(super) fn new(keyring: &Keyring, head: AuditHead) -> Self {
        let tag = keyring.chain("start", &head.to_string());
        Self { head, tag }
    }

    /// The head of what was exported, when the tag verifies it.
    pub(super) fn verified(self, keyring: &Keyring) -> Option<AuditHead> {
        (Self::new(keyring, self.head.clone()).tag == self.tag).then_some(self.head)
    }
}

/// The start; none while nothing was removed.
pub(super) async fn stored_start(connection: &mut SqliteConnection) -> Result<Option<StoredStart>, sqlx::Error> {
    let sql = "SELECT number, text, tag FROM meta WHERE name = 'audit_start'";
    let row: Option<(i64, String, String)> = sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(|(number, chain, tag)| Ok(StoredStart { head: AuditHead { number: unsigned(number)?, chain }, tag }))
        .transpose()
}

/// The head of what was exported and removed; the default when nothing was.
pub(in crate::ledger) async fn start(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
) -> Result<AuditHead, sqlx::Error> {
    match stored_start(connection).await? {
        None => Ok(AuditHead::default()),
        Some(stored) => stored.verified(keyring).ok_or_else(|| refusal("the start of the audit was changed")),
    }
}

/// Moves the start and removes the rows up to it, all at once: after a crash the audit begins at one start or the other.
/// Their number stays in the totals. How many rows were removed; none when the start is there already.
pub(in crate::ledger) async fn advance(
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
