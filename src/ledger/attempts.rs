//! Attempts that are counted before anything is verified.
//!
//! A counter is forgotten only when its window has passed, never to make room: whoever floods the ledger with other names does
//! not wash a counter away.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::stamp::{later, micros};
use crate::migrate::{Attempt, Counter, Reserved};

/// How many expired counters a reservation sweeps. More than it can add, so that the table shrinks; few enough that no login
/// pays for a flood of others.
const SWEEP: i64 = 8;

/// Counts an attempt at all of its counters, or at none. One step, sweep included, because every step is a way to SQLite's
/// thread and back.
pub(super) async fn reserve(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<Reserved, sqlx::Error> {
    let Attempt { counters, at } = attempt;
    if counters.is_empty() {
        return Ok(Reserved::Admitted);
    }
    if counters.iter().any(|counter| counter.limit == 0) {
        return Ok(Reserved::OverLimit);
    }
    // Only placeholders are put together, here and below, no values.
    let sql = format!(
        "INSERT INTO attempts (counter, failed, expires_at) SELECT column1, 1, column2 FROM (VALUES {rows}) \
         WHERE NOT EXISTS (SELECT 1 FROM (VALUES {rows}) AS asked \
         JOIN attempts ON counter = asked.column1 AND failed >= asked.column2 AND expires_at > ?) \
         ON CONFLICT (counter) DO UPDATE SET expires_at = excluded.expires_at, \
         failed = CASE WHEN expires_at > ? THEN failed + 1 ELSE 1 END RETURNING counter; \
         DELETE FROM attempts WHERE counter IN \
         (SELECT counter FROM attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        rows = places("(?, ?)", counters)
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql));
    let query = counters.iter().fold(query, |query, counter| query.bind(&counter.key).bind(later(*at, counter.window)));
    let query = counters.iter().fold(query, |query, counter| query.bind(&counter.key).bind(i64::from(counter.limit)));
    let query = query.bind(micros(*at)).bind(micros(*at)).bind(micros(*at)).bind(SWEEP);
    let counted: Vec<String> = query.fetch_all(connection).await?;
    Ok(if counted.is_empty() { Reserved::OverLimit } else { Reserved::Admitted })
}

/// Takes one attempt of each counter back.
pub(super) async fn settle(connection: &mut SqliteConnection, counters: &[Counter]) -> Result<(), sqlx::Error> {
    if counters.is_empty() {
        return Ok(());
    }
    let sql =
        format!("UPDATE attempts SET failed = failed - 1 WHERE failed > 0 AND counter IN ({})", places("?", counters));
    let query = counters.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, counter| query.bind(&counter.key));
    query.execute(connection).await?;
    Ok(())
}

/// So many times the same places, with commas between them.
fn places(one: &str, counters: &[Counter]) -> String {
    vec![one; counters.len()].join(", ")
}
