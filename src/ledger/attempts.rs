//! Attempts that are counted before anything is verified.
//!
//! A counter is forgotten only when its window has passed, never to make room: whoever floods the ledger with other names does
//! not wash a counter away.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::stamp::{later, micros};
use crate::migrate::{Attempt, Counter, Reserved};
use crate::sqlite::Batch;

/// How many expired counters a reservation sweeps. More than it can add, so that the table shrinks; few enough that no login
/// pays for a flood of others.
const SWEEP: i64 = 8;

/// Counts an attempt at all of its counters, or at none.
pub(super) async fn reserve(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<Reserved, sqlx::Error> {
    if attempt.counters.is_empty() {
        return Ok(Reserved::Admitted);
    }
    let failed = failed(connection, attempt).await?;
    if admits(attempt, &failed) == Reserved::OverLimit {
        return Ok(Reserved::OverLimit);
    }
    let counts = attempt.counters.iter().map(|counter| (counter, of(counter, &failed).saturating_add(1)));
    count_and_sweep(connection, attempt, counts).await?;
    Ok(Reserved::Admitted)
}

/// What [`reserve`] would answer.
pub(super) async fn would_admit(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<Reserved, sqlx::Error> {
    if attempt.counters.is_empty() {
        return Ok(Reserved::Admitted);
    }
    Ok(admits(attempt, &failed(connection, attempt).await?))
}

/// Whether all counters have room, given what they hold.
fn admits(attempt: &Attempt, failed: &HashMap<String, i64>) -> Reserved {
    let is_full = |counter: &Counter| of(counter, failed) >= i64::from(counter.limit);
    if attempt.counters.iter().any(is_full) { Reserved::OverLimit } else { Reserved::Admitted }
}

/// What a counter holds; one that is not there holds nothing.
fn of(counter: &Counter, failed: &HashMap<String, i64>) -> i64 {
    failed.get(&counter.key).copied().unwrap_or(0)
}

/// Takes one attempt of each counter back.
pub(super) fn settle(batch: &mut Batch, counters: &[Counter]) {
    if counters.is_empty() {
        return;
    }
    // Only placeholders are put together, here and below, no values.
    let places = places("?", counters);
    batch.add(&format!("UPDATE attempts SET failed = failed - 1 WHERE failed > 0 AND counter IN ({places})"));
    for counter in counters {
        batch.bind(counter.key.clone());
    }
}

/// So many times the same places, with commas between them.
fn places(one: &str, counters: &[Counter]) -> String {
    vec![one; counters.len()].join(", ")
}

/// What the counters of an attempt hold, those that have expired left out.
async fn failed(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<HashMap<String, i64>, sqlx::Error> {
    let sql = format!(
        "SELECT counter, failed FROM attempts WHERE expires_at > ? AND counter IN ({})",
        places("?", &attempt.counters)
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(micros(attempt.at));
    let query = attempt.counters.iter().fold(query, |query, counter| query.bind(&counter.key));
    let rows: Vec<(String, i64)> = query.fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Writes what the counters hold now, and sweeps; both in one step.
async fn count_and_sweep(
    connection: &mut SqliteConnection,
    attempt: &Attempt,
    counts: impl Iterator<Item = (&Counter, i64)>,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "INSERT INTO attempts (counter, failed, expires_at) VALUES {} \
         ON CONFLICT (counter) DO UPDATE SET failed = excluded.failed, expires_at = excluded.expires_at; \
         DELETE FROM attempts WHERE counter IN \
         (SELECT counter FROM attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        places("(?, ?, ?)", &attempt.counters)
    );
    let query = counts.fold(sqlx::query(AssertSqlSafe(sql)), |query, (counter, failed)| {
        query.bind(&counter.key).bind(failed).bind(later(attempt.at, counter.window))
    });
    query.bind(micros(attempt.at)).bind(SWEEP).execute(connection).await?;
    Ok(())
}
