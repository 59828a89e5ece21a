//! Attempts: failures in the buckets of sliding windows, reservations of attempts in flight, and the networks that
//! customers sign in from.
//!
//! A failure is removed only when its window has passed or its owner verifies the password, never to make room, so a
//! flood of other names cannot clear a counter. Each failure adds at most two rows and removes up to [`SWEEP`] expired
//! ones, so the table holds the failures of one window and shrinks after a flood as fast as it grew.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::adapters::ledgers::{SWEEP, bucket, known_for, later, micros};
use crate::adapters::sqlite::Batch;
use crate::ports::{Attempt, Counter, Reservation, Reserved, Room, Settled};

/// The schema step that replaces the original counters.
///
/// A row counts from its timestamp (`bucket`, `reserved_at`) until `expires_at`. If its timestamp lies further in the
/// future than that lifetime, the clock was wrong when it was written, and the row counts as expired. Reservations need
/// no index besides their key: they are few, because each is in flight or expires within seconds.
pub(super) const TABLES: &str = "
DROP TABLE attempts;
CREATE TABLE attempts (
    counter TEXT NOT NULL,
    lane TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (counter, lane, bucket)
) WITHOUT ROWID;
CREATE INDEX attempts_expiry ON attempts (expires_at);

CREATE TABLE reservations (
    counter TEXT NOT NULL,
    lane TEXT NOT NULL,
    token INTEGER NOT NULL,
    reserved_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (counter, lane, token)
) WITHOUT ROWID;

CREATE TABLE networks (
    customer TEXT NOT NULL,
    network TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (customer, network)
) WITHOUT ROWID;
";

/// How long a known network is not written again, in microseconds: a day, so that few sign-ins cause a write.
const REFRESH_AFTER: i64 = 24 * 60 * 60 * 1_000_000;

/// The live failures of counter `?1` in a lane, at `?2`.
macro_rules! failures {
    ($lane:literal) => {
        concat!(
            "(SELECT COALESCE(SUM(failed), 0) FROM attempts AS a WHERE a.counter = ?1 AND a.lane = ",
            $lane,
            " AND a.expires_at > ?2 AND 2 * a.bucket - a.expires_at <= ?2)"
        )
    };
}

/// Lane `?4` if the owner of counter `?1` was seen on that network since `?5`, otherwise lane `?3`.
const LANE: &str = "(SELECT CASE WHEN EXISTS (SELECT 1 FROM networks WHERE customer = ?1 AND network = ?4 \
                    AND seen_at BETWEEN ?5 AND ?6) THEN ?4 ELSE ?3 END AS lane) AS chosen";

/// Reserves an attempt if failures and live reservations leave room for it.
pub(super) async fn reserve(connection: &mut SqliteConnection, attempt: &Attempt) -> Result<Reserved, sqlx::Error> {
    // The fast path: almost every attempt has room.
    let sql = format!(
        "INSERT INTO reservations (counter, lane, token, reserved_at, expires_at) \
         SELECT ?1, chosen.lane, random(), ?2, ?7 FROM {LANE} WHERE {} + \
         (SELECT COUNT(*) FROM reservations AS r WHERE r.counter = ?1 AND r.lane = chosen.lane AND r.expires_at > ?2 \
         AND 2 * r.reserved_at - r.expires_at <= ?2) < ?8 RETURNING lane, token",
        failures!("chosen.lane")
    );
    let counter = &attempt.counter;
    let reserved: Vec<(String, i64)> = bind_attempt(sqlx::query_as(AssertSqlSafe(sql)), attempt)
        .bind(later(attempt.at, attempt.hold))
        .bind(i64::from(counter.limit))
        .fetch_all(&mut *connection)
        .await?;
    if let Some((lane, token)) = reserved.into_iter().next() {
        return Ok(Reserved::Admitted(Reservation { counter: Counter { lane, ..counter.clone() }, token }));
    }
    let sql = format!("SELECT {} FROM {LANE}", failures!("chosen.lane"));
    let (failed,): (i64,) = bind_attempt(sqlx::query_as(AssertSqlSafe(sql)), attempt).fetch_one(connection).await?;
    Ok(if failed >= i64::from(counter.limit) { Reserved::OverLimit } else { Reserved::Busy })
}

type Query<'q, T> = sqlx::query::QueryAs<'q, sqlx::Sqlite, T, sqlx::sqlite::SqliteArguments>;

/// Binds the parameters 1 to 6.
fn bind_attempt<'q, T>(query: Query<'q, T>, attempt: &'q Attempt) -> Query<'q, T> {
    let (at, known) = (micros(attempt.at), known_for());
    query
        .bind(&attempt.counter.owner)
        .bind(at)
        .bind(&attempt.counter.lane)
        .bind(&attempt.network)
        .bind(at.saturating_sub(known))
        .bind(at.saturating_add(known))
}

/// Whether a counter has room for another failure.
pub(super) async fn would_admit(
    connection: &mut SqliteConnection,
    counter: &Counter,
    at: Timestamp,
) -> Result<Room, sqlx::Error> {
    let (failed,): (i64,) = sqlx::query_as(concat!("SELECT ", failures!("?3")))
        .bind(&counter.owner)
        .bind(micros(at))
        .bind(&counter.lane)
        .fetch_one(connection)
        .await?;
    Ok(if failed >= i64::from(counter.limit) { Room::Full } else { Room::Free })
}

/// Adds the changes that a decision makes to attempts.
pub(super) fn settle(batch: &mut Batch, settled: &[Settled], at: Timestamp) {
    for change in settled {
        match change {
            Settled::Ended(reservation) => end_reservation(batch, reservation, at),
            Settled::Failed(counter) => add_failure(batch, counter, at),
            Settled::Cleared(owner) => {
                batch.add("DELETE FROM attempts WHERE counter = ?").bind(owner.clone());
            }
            Settled::SeenAt { owner, network } => remember_network(batch, owner, network, at),
        }
    }
    if settled.iter().any(|change| matches!(change, Settled::Failed(_))) {
        sweep(batch, at);
    }
}

/// Ends a reservation and removes expired ones.
fn end_reservation(batch: &mut Batch, reservation: &Reservation, at: Timestamp) {
    batch
        .add(
            "DELETE FROM reservations WHERE (counter = ? AND lane = ? AND token = ?) OR expires_at <= ? \
             OR 2 * reserved_at - expires_at > ?",
        )
        .bind(reservation.counter.owner.clone())
        .bind(reservation.counter.lane.clone())
        .bind(reservation.token)
        .bind(micros(at))
        .bind(micros(at));
}

fn add_failure(batch: &mut Batch, counter: &Counter, at: Timestamp) {
    let (bucket, expires_at) = bucket(counter, at);
    batch
        .add(
            "INSERT INTO attempts (counter, lane, bucket, failed, expires_at) VALUES (?, ?, ?, 1, ?) \
             ON CONFLICT (counter, lane, bucket) DO UPDATE SET failed = failed + 1, expires_at = excluded.expires_at",
        )
        .bind(counter.owner.clone())
        .bind(counter.lane.clone())
        .bind(bucket)
        .bind(expires_at);
}

/// Remembers a network and forgets the customer's oldest ones.
fn remember_network(batch: &mut Batch, owner: &str, network: &str, at: Timestamp) {
    let at = micros(at);
    batch
        .add(
            "INSERT INTO networks (customer, network, seen_at) VALUES (?, ?, ?) ON CONFLICT (customer, network) \
             DO UPDATE SET seen_at = excluded.seen_at WHERE ABS(excluded.seen_at - seen_at) >= ?",
        )
        .bind(owner.to_owned())
        .bind(network.to_owned())
        .bind(at)
        .bind(REFRESH_AFTER);
    batch
        .add(
            "DELETE FROM networks WHERE customer = ? AND (seen_at < ? OR network NOT IN \
             (SELECT network FROM networks WHERE customer = ? ORDER BY seen_at DESC, network LIMIT ?))",
        )
        .bind(owner.to_owned())
        .bind(at.saturating_sub(known_for()))
        .bind(owner.to_owned())
        .bind(i64::from(Attempt::KNOWN_NETWORKS));
}

/// Deletes failures whose window has passed, and those written by a clock that was far ahead.
fn sweep(batch: &mut Batch, at: Timestamp) {
    batch
        .add(
            "DELETE FROM attempts WHERE (counter, lane, bucket) IN \
             (SELECT counter, lane, bucket FROM attempts WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        )
        .bind(micros(at))
        .bind(i64::from(SWEEP));
    batch
        .add(
            "DELETE FROM attempts WHERE (counter, lane, bucket) IN (SELECT counter, lane, bucket FROM \
             (SELECT counter, lane, bucket, expires_at FROM attempts ORDER BY expires_at DESC LIMIT ?) \
             WHERE 2 * bucket - expires_at > ?)",
        )
        .bind(i64::from(SWEEP))
        .bind(micros(at));
}
