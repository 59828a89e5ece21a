//! Events that their receivers have not accepted: for operators, who see why and send them again.

use jiff::Timestamp;
use sqlx::PgConnection;

use crate::adapters::ledgers::{DEAD, UndeliveredRow, micros, undelivered};
use crate::ports::{EventKind, Undelivered};

/// The events of a kind that their receivers have not accepted.
pub(super) async fn list(
    connection: &mut PgConnection,
    kind: EventKind,
    after: i64,
    limit: usize,
) -> Result<Vec<Undelivered>, sqlx::Error> {
    let sql = "SELECT o.id, d.webhook, o.at, o.account, o.source, o.legacy_id, d.attempts, d.due_at, d.why \
               FROM landfall_outbox AS o LEFT JOIN landfall_deliveries AS d ON o.id = d.event \
               WHERE o.kind = $1 AND o.id > $2 ORDER BY o.id, d.webhook LIMIT $3";
    let query = sqlx::query_as(sql).bind(kind.name()).bind(after);
    let rows: Vec<UndeliveredRow> = query.bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(connection).await?;
    rows.into_iter().map(undelivered).collect()
}

/// Counts the write-backs that were given up.
pub(super) fn failed_write_backs() -> String {
    format!(
        "SELECT COUNT(*) FROM landfall_deliveries JOIN landfall_outbox ON id = event \
         WHERE kind = 'write_back' AND due_at = {DEAD} AND why <> '{}'",
        Undelivered::REHEARSED
    )
}

/// Makes events of a kind due that were given up or only rehearsed. Repeated after a commit whose outcome is unknown, it does
/// not count those that are due already.
pub(super) async fn send_again(
    connection: &mut PgConnection,
    kind: EventKind,
    id: Option<i64>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE landfall_deliveries SET attempts = 0, due_at = $1 WHERE due_at = $2 \
               AND event IN (SELECT id FROM landfall_outbox WHERE kind = $3 AND id = COALESCE($4, id))";
    let query = sqlx::query(sql).bind(micros(now)).bind(DEAD).bind(kind.name()).bind(id);
    Ok(query.execute(connection).await?.rows_affected())
}
