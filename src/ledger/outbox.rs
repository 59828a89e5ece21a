//! Events that wait to be sent.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::stamp::{later, micros, stamp, tags, tags_json};
use crate::migrate::{Event, EventKind, Outgoing, TargetId};
use crate::sqlite::{Batch, refusal};

/// What a row of the outbox holds: id, at, kind, reason, account, request id, tags, attempts.
type OutboxRow = (i64, i64, String, String, Option<String>, String, String, i64);

/// Adds events, due at once.
pub(super) fn add(batch: &mut Batch, events: &[Event]) {
    let sql = "INSERT INTO outbox (at, kind, reason, account, request_id, tags, attempts, due_at) \
               VALUES (?, ?, ?, ?, ?, ?, 0, ?)";
    for event in events {
        batch
            .add(sql)
            .bind(micros(event.at))
            .bind(event.kind.name())
            .bind(event.reason.clone())
            .bind(event.account.as_ref().map(|account| account.0.clone()))
            .bind(event.request_id.clone())
            .bind(tags_json(&event.tags))
            .bind(micros(event.at));
    }
}

/// Whether anything is due, so that an idle outbox costs no write.
pub(super) async fn count_due(connection: &mut SqliteConnection, now: Timestamp) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE due_at <= ?").bind(micros(now)).fetch_one(connection).await
}

/// Takes the oldest events that are due; they are due again after the lease.
pub(super) async fn take_due(
    connection: &mut SqliteConnection,
    now: Timestamp,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Outgoing>, sqlx::Error> {
    let sql = "SELECT id, at, kind, reason, account, request_id, tags, attempts FROM outbox WHERE due_at <= ? \
               ORDER BY id LIMIT ?";
    let rows: Vec<OutboxRow> = sqlx::query_as(sql)
        .bind(micros(now))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&mut *connection)
        .await?;
    let Some(last) = rows.last().map(|row| row.0) else { return Ok(Vec::new()) };
    // Those that are due up to the last one are those that were read: nobody writes in between.
    sqlx::query("UPDATE outbox SET attempts = attempts + 1, due_at = ? WHERE due_at <= ? AND id <= ?")
        .bind(later(now, lease))
        .bind(micros(now))
        .bind(last)
        .execute(connection)
        .await?;
    rows.into_iter().map(outgoing).collect()
}

fn outgoing(row: OutboxRow) -> Result<Outgoing, sqlx::Error> {
    let (id, at, kind, reason, account, request_id, tags_text, attempts) = row;
    let kind = EventKind::from_name(&kind).ok_or_else(|| refusal("an event has no kind that is known"))?;
    let account = account.map(TargetId);
    let event = Event { at: stamp(at)?, kind, reason, account, request_id, tags: tags(&tags_text)? };
    Ok(Outgoing { id, attempts: u32::try_from(attempts.saturating_add(1)).unwrap_or(u32::MAX), event })
}

/// Removes an event that was delivered, or sets when it is due again.
pub(super) async fn sent(
    connection: &mut SqliteConnection,
    id: i64,
    again_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    let query = match again_at {
        None => sqlx::query("DELETE FROM outbox WHERE id = ?"),
        Some(at) => sqlx::query("UPDATE outbox SET due_at = ? WHERE id = ?").bind(micros(at)),
    };
    query.bind(id).execute(connection).await?;
    Ok(())
}
