//! The audit in the file: its rows, its head and its start. What they mean is computed in [`crate::audit`].

use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, SqliteConnection};

use crate::adapters::ledgers::{RowTuple, micros, push_audit_filter, stored_row, unsigned};
use crate::adapters::sqlite::{Batch, refusal};
use crate::audit::{Checker, NextRow, StoredHead, StoredStart, record};
use crate::ports::{AuditFilter, AuditHead, AuditRecord, AuditReport, Decision, Keyring};

/// The schema step that allows exported rows to be removed, and no others, and lets one row stand for several
/// decisions.
pub(super) const SEGMENTS: &str = "
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

/// All rows, oldest first.
pub(super) const SELECT_ROWS: &str =
    "SELECT number, at, outcome, reason, subject, customer, count, text, chain FROM audit ORDER BY number";

/// Appends a decision to the chain. `before` must have been read inside the transaction that writes, because another
/// process may append too.
pub(super) fn append(
    batch: &mut Batch,
    keyring: &Keyring,
    before: &AuditHead,
    decision: &Decision,
) -> Result<(), sqlx::Error> {
    let next = NextRow::new(keyring, before, decision).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let number =
        i64::try_from(next.head.number).map_err(|_| refusal("the audit has reached the largest row number"))?;
    batch
        .add(
            "INSERT INTO audit (number, at, outcome, reason, subject, customer, count, text, chain) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(number)
        .bind(micros(decision.at))
        .bind(decision.outcome.name())
        .bind(decision.reason.name().to_owned())
        .bind(decision.subject.clone())
        .bind(decision.customer.clone())
        .bind(i64::try_from(decision.count).unwrap_or(i64::MAX))
        .bind(next.text)
        .bind(next.head.chain.clone())
        .add("UPDATE meta SET number = ?, text = ?, tag = ? WHERE name = 'audit'")
        .bind(number)
        .bind(next.head.chain)
        .bind(next.tag);
    Ok(())
}

async fn stored(connection: &mut SqliteConnection) -> Result<Option<StoredHead>, sqlx::Error> {
    let row: Option<(i64, String, String)> =
        sqlx::query_as("SELECT number, text, tag FROM meta WHERE name = 'audit'").fetch_optional(connection).await?;
    row.map(|(number, chain, tag)| Ok(StoredHead { head: AuditHead { number: unsigned(number)?, chain }, tag }))
        .transpose()
}

/// The head to append to.
///
/// Read from the meta table and not from the last row, so that rows cut off the end leave a permanent gap.
pub(super) async fn head(connection: &mut SqliteConnection, keyring: &Keyring) -> Result<AuditHead, sqlx::Error> {
    stored(connection).await?.and_then(|stored| stored.verified(keyring)).ok_or_else(|| {
        refusal("the head of the audit does not match the key: the key is wrong, or the file was changed")
    })
}

/// Writes the first head of a new ledger.
pub(super) async fn create(connection: &mut SqliteConnection, keyring: &Keyring) -> Result<(), sqlx::Error> {
    let genesis = AuditHead::default();
    let sql = "INSERT INTO meta (name, number, text, tag) SELECT 'audit', 0, '', ? \
               WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = 'audit') AND NOT EXISTS (SELECT 1 FROM audit)";
    sqlx::query(sql).bind(genesis.tag(keyring)).execute(connection).await?;
    Ok(())
}

/// The start; `None` if no rows were removed.
async fn stored_start(connection: &mut SqliteConnection) -> Result<Option<StoredStart>, sqlx::Error> {
    let sql = "SELECT number, text, tag FROM meta WHERE name = 'audit_start'";
    let row: Option<(i64, String, String)> = sqlx::query_as(sql).fetch_optional(connection).await?;
    row.map(|(number, chain, tag)| Ok(StoredStart { head: AuditHead { number: unsigned(number)?, chain }, tag }))
        .transpose()
}

/// The head of the exported and removed rows; the default if there are none.
pub(super) async fn start(connection: &mut SqliteConnection, keyring: &Keyring) -> Result<AuditHead, sqlx::Error> {
    match stored_start(connection).await? {
        None => Ok(AuditHead::default()),
        Some(stored) => stored.verified(keyring).ok_or_else(|| refusal("the start of the audit was changed")),
    }
}

/// Moves the start and removes the rows up to it in one step: after a crash the audit has either the old or the new
/// start. The removed rows stay in the totals. Returns how many rows were removed; none if the start is already
/// there.
pub(super) async fn advance(
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

/// Verifies all rows in one snapshot.
pub(super) async fn verify(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    anchors: &[AuditHead],
) -> Result<AuditReport, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let stored = stored(&mut snapshot).await?;
    let mut checker = match Checker::after(keyring, stored_start(&mut snapshot).await?, anchors) {
        Ok(checker) => checker,
        Err(report) => return Ok(report),
    };
    let mut rows = sqlx::query_as::<_, RowTuple>(SELECT_ROWS).fetch(&mut *snapshot);
    while let Some(row) = rows.try_next().await? {
        if let Err(broken) = checker.row(&stored_row(row)) {
            return Ok(checker.report(Some(broken)));
        }
    }
    Ok(checker.finish(stored))
}

/// The matching rows, newest first.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditRecord>, sqlx::Error> {
    let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new("SELECT number, text FROM audit WHERE number < ");
    push_audit_filter(&mut query, filter, limit);
    let rows: Vec<(i64, String)> = query.build_query_as().fetch_all(connection).await?;
    rows.into_iter()
        .map(|(number, text)| {
            record(unsigned(number)?, &text).ok_or_else(|| refusal("a row of the audit cannot be read"))
        })
        .collect()
}
