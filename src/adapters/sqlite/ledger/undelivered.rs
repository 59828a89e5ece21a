//! Events that their receivers have not accepted: for operators, who see why and send them again.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::adapters::ledgers::{DEAD, UndeliveredRow, micros, undelivered};
use crate::ports::{EventKind, Undelivered};

/// The events of a kind that their receivers have not accepted.
pub(super) async fn list(
    connection: &mut SqliteConnection,
    kind: EventKind,
    after: i64,
    limit: usize,
) -> Result<Vec<Undelivered>, sqlx::Error> {
    let sql = "SELECT id, webhook, at, account, source, legacy_id, deliveries.attempts, due_at, why \
               FROM outbox LEFT JOIN deliveries ON id = event WHERE kind = ? AND id > ? ORDER BY id, webhook LIMIT ?";
    let query = sqlx::query_as(sql).bind(kind.name()).bind(after);
    let rows: Vec<UndeliveredRow> = query.bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(connection).await?;
    rows.into_iter().map(undelivered).collect()
}

/// Counts the write-backs that were given up.
pub(super) fn failed_write_backs() -> String {
    format!(
        "SELECT COUNT(*) FROM deliveries JOIN outbox ON id = event \
         WHERE kind = 'write_back' AND due_at = {DEAD} AND why <> '{}'",
        Undelivered::REHEARSED
    )
}

/// Makes events of a kind due that were given up or only rehearsed.
pub(super) async fn send_again(
    connection: &mut SqliteConnection,
    kind: EventKind,
    id: Option<i64>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE deliveries SET attempts = 0, due_at = ?1 WHERE due_at = ?2 \
               AND event IN (SELECT id FROM outbox WHERE kind = ?3 AND id = COALESCE(?4, id))";
    let query = sqlx::query(sql).bind(micros(now)).bind(DEAD).bind(kind.name()).bind(id);
    Ok(query.execute(connection).await?.rows_affected())
}
