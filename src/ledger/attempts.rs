//! Attempts that are counted before anything is verified.
//!
//! A counter is forgotten only when its window has passed, never to make room: whoever floods the ledger with other names does
//! not wash a counter away.

use sqlx::SqliteConnection;

use super::stamp::{later, micros};
use crate::migrate::{Attempt, Counter, Reserved};

/// How many expired counters a reservation sweeps. More than it can add, so that the table shrinks; few enough that no login
/// pays for a flood of others.
const SWEEP: i64 = 8;

/// Counts an attempt at all of its counters, or at none.
pub(super) async fn reserve(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<Reserved, sqlx::Error> {
    let now = micros(attempt.at);
    let mut counts = Vec::with_capacity(attempt.counters.len());
    for counter in &attempt.counters {
        let failed = failed(connection, &counter.key, now).await?;
        if failed >= i64::from(counter.limit) {
            return Ok(Reserved::OverLimit);
        }
        counts.push((counter, failed + 1));
    }
    for (counter, failed) in counts {
        count(connection, counter, failed, later(attempt.at, counter.window)).await?;
    }
    sweep(connection, now).await?;
    Ok(Reserved::Admitted)
}

/// Takes one attempt of each counter back.
pub(super) async fn settle(connection: &mut SqliteConnection, counters: &[Counter]) -> Result<(), sqlx::Error> {
    for counter in counters {
        sqlx::query("UPDATE attempts SET failed = failed - 1 WHERE counter = ? AND failed > 0")
            .bind(&counter.key)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn failed(connection: &mut SqliteConnection, counter: &str, now: i64) -> Result<i64, sqlx::Error> {
    let failed = sqlx::query_scalar("SELECT failed FROM attempts WHERE counter = ? AND expires_at > ?")
        .bind(counter)
        .bind(now)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(failed.unwrap_or(0))
}

async fn count(
    connection: &mut SqliteConnection,
    counter: &Counter,
    failed: i64,
    expires_at: i64,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO attempts (counter, failed, expires_at) VALUES (?, ?, ?) \
               ON CONFLICT (counter) DO UPDATE SET failed = excluded.failed, expires_at = excluded.expires_at";
    sqlx::query(sql).bind(&counter.key).bind(failed).bind(expires_at).execute(connection).await?;
    Ok(())
}

async fn sweep(connection: &mut SqliteConnection, now: i64) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM attempts WHERE counter IN \
               (SELECT counter FROM attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
    sqlx::query(sql).bind(now).bind(SWEEP).execute(connection).await?;
    Ok(())
}
