//! The signed calls that were accepted, so that no instance accepts one twice.
//!
//! * **Bound.** At most [`MAX_CALLS`] calls are remembered. Beyond that, calls are not accepted (503), because forgetting
//!   would allow a replay. Rows are counted now and then: whenever an instance has used a part of the room that was left.
//! * **Clocks.** The time of the latest forgotten call is kept, and a call signed no later than that counts as seen. It is
//!   read after the call's row was written, which waits for whoever is forgetting that row.
//! * **Failures.** Each row is owned by the one try that wrote it. A try that failed or was given up may have written its
//!   row anyway. Such uncertain rows are deleted, so that a call that was not accepted may be sent again.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use tokio::time::Instant;

use super::store::PostgresLedger;
use crate::adapters::ledgers::{DeletesRows, MAX_CALLS, Row, Try, UncertainRows, micros, remembered};
use crate::adapters::postgres::database::{Database, PATIENCE};
use crate::ports::{BoxFuture, Fresh, Nonce, Nonces, PortError};

/// How often an instance looks for calls to forget, by the time of the calls.
const FORGET_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// How many calls one transaction forgets. Bounds its length; more than an instance accepts in a second.
const FORGET: i64 = 5000;

/// Which part of the room an instance uses before it counts again. So many instances do not exceed the bound together.
const PART: i64 = 16;

/// What an instance knows of the memory. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    uncertain: UncertainRows,
    /// How many calls may be remembered before the rows are counted again.
    room: Arc<AtomicI64>,
    /// Before which time calls were last forgotten.
    forgotten: Arc<Mutex<Option<Timestamp>>>,
}

impl Memory {
    /// Whether it is time to forget calls signed before a time; the caller does it.
    fn is_due(&self, before: Timestamp) -> bool {
        let mut last = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| before.duration_since(last).abs() >= FORGET_EVERY);
        if is_due {
            *last = Some(before);
        }
        is_due
    }
}

impl DeletesRows for Database {
    fn delete<'a>(&'a self, rows: &'a [Row]) -> BoxFuture<'a, Result<(), PortError>> {
        let deadline = Instant::now() + PATIENCE;
        Box::pin(
            self.write("forget_nonces", deadline, rows, |connection, rows| Box::pin(delete_rows(connection, rows))),
        )
    }
}

/// Deletes rows of this process. One whose transaction has not ended is inserted first: that waits for the end, and then
/// nothing of it is left.
async fn delete_rows(connection: &mut PgConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
    for Row { digest, owner } in rows {
        insert(connection, Row { digest: *digest, owner: *owner }, 0).await?;
        let sql = "DELETE FROM landfall_nonces WHERE digest = $1 AND owner = $2";
        sqlx::query(sql).bind(digest.as_slice()).bind(owner.as_slice()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Inserts a row unless there is one; returns whether it, or an earlier try of the same owner, did.
async fn insert(connection: &mut PgConnection, row: Row, signed_at: i64) -> Result<bool, sqlx::Error> {
    let sql = "INSERT INTO landfall_nonces (digest, owner, signed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (digest) DO UPDATE SET signed_at = excluded.signed_at WHERE landfall_nonces.owner = $2";
    let query = sqlx::query(sql).bind(row.digest.as_slice()).bind(row.owner.as_slice()).bind(signed_at);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Remembers a call.
async fn remember(connection: &mut PgConnection, nonce: &Nonce, row: Row) -> Result<Fresh, sqlx::Error> {
    let signed_at = micros(nonce.signed_at);
    let is_first = insert(connection, row, signed_at).await?;
    let sql = "SELECT number FROM landfall_meta WHERE name = 'nonces'";
    let forgotten: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    if signed_at > forgotten {
        return Ok(if is_first { Fresh::First } else { Fresh::Seen });
    }
    if is_first {
        let sql = "DELETE FROM landfall_nonces WHERE digest = $1 AND owner = $2";
        sqlx::query(sql).bind(row.digest.as_slice()).bind(row.owner.as_slice()).execute(connection).await?;
    }
    Ok(Fresh::Forgotten)
}

/// Forgets the oldest calls signed before a time, and records when the latest forgotten one was signed.
async fn forget(connection: &mut PgConnection, before: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM landfall_nonces WHERE digest IN (SELECT digest FROM landfall_nonces WHERE signed_at < $1 \
               ORDER BY signed_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING signed_at";
    let signed: Vec<i64> =
        sqlx::query_scalar(sql).bind(micros(before)).bind(FORGET).fetch_all(&mut *connection).await?;
    let Some(latest) = signed.into_iter().max() else { return Ok(()) };
    let sql = "UPDATE landfall_meta SET number = GREATEST(number, $1) WHERE name = 'nonces'";
    sqlx::query(sql).bind(latest).execute(connection).await.map(|_| ())
}

impl PostgresLedger {
    /// Whether the memory has room for another call. Counts the rows if a part of the room is used up.
    async fn has_room(&self, deadline: Instant) -> Result<bool, PortError> {
        let room = &self.memory.room;
        if room.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(true);
        }
        let count = self.database.read("remember", deadline, (), |connection, ()| {
            Box::pin(async move {
                let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM landfall_nonces LIMIT $1) AS remembered";
                sqlx::query_scalar::<_, i64>(sql).bind(i64::from(MAX_CALLS)).fetch_one(connection).await
            })
        });
        let left = i64::from(MAX_CALLS).saturating_sub(count.await?);
        room.store(left / PART, Ordering::Relaxed);
        Ok(left > 0)
    }

    async fn remember_now(&self, nonce: &Nonce) -> Result<Fresh, PortError> {
        let (deadline, memory) = (Instant::now() + PATIENCE, &self.memory);
        let before = nonce.forget_before;
        if memory.is_due(before) {
            let forgotten = self
                .database
                .write("remember", deadline, before, |connection, before| Box::pin(forget(connection, *before)));
            forgotten.await?;
        }
        if !self.has_room(deadline).await? {
            return remembered(None);
        }
        let (row, taken) = (Row::new(nonce)?, memory.uncertain.take());
        let rows = taken.iter().copied().chain([row]).collect();
        let this = Try { database: self.database.clone(), uncertain: memory.uncertain.clone(), rows };
        let data = (*nonce, row, taken);
        let answer = self.database.write("remember", deadline, data, |connection, (nonce, row, taken)| {
            Box::pin(async move {
                delete_rows(connection, taken).await?;
                remember(connection, nonce, *row).await
            })
        });
        let answer = answer.await?;
        this.succeeded();
        Ok(answer)
    }
}

impl Nonces for PostgresLedger {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        Box::pin(self.remember_now(nonce))
    }
}
