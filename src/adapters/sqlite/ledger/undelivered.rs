//! Events that their receivers have not accepted: for operators, who see why and send them again.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::outbox::number;
use super::stamp::stamp;
use crate::adapters::ledgers::{DEAD, micros};
use crate::ports::{EventKind, LegacyKey, TargetId, Undelivered};

/// An event and its delivery, if it has one: id, receiver, at, account, source, legacy id, attempts, due at, why.
type UndeliveredRow = (
    i64,
    Option<String>,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

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
    let read = |row: UndeliveredRow| {
        let (id, receiver, at, account, source, legacy_id, attempts, due_at, why) = row;
        let due_at = due_at.unwrap_or(at);
        Ok(Undelivered {
            id,
            receiver: receiver.unwrap_or_default(),
            at: stamp(at)?,
            account: account.map(TargetId),
            key: source.zip(legacy_id).map(|(source, id)| LegacyKey { source, id }),
            attempts: number(attempts.unwrap_or_default()),
            due_at: if due_at == DEAD { None } else { Some(stamp(due_at)?) },
            why: why.unwrap_or_default(),
        })
    };
    rows.into_iter().map(read).collect()
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
