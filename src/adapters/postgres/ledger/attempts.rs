//! Attempts: failures in the buckets of sliding windows, reservations of attempts in flight, and the networks that
//! customers sign in from. The rows and what they mean are those of the ledger in a file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{PgConnection, Postgres};

use crate::adapters::ledgers::{SWEEP, bucket, known_for, later, micros};
use crate::adapters::postgres::database::stripe;
use crate::ports::{Attempt, Counter, Decision, Reservation, Reserved, Room, Settled};

/// How long a known network is not written again, in microseconds: a day, so that few sign-ins cause a write.
const REFRESH_AFTER: i64 = 24 * 60 * 60 * 1_000_000;

/// The live failures of counter `$1` in a lane, at `$2`.
macro_rules! failures {
    ($lane:literal) => {
        concat!(
            "(SELECT CAST(COALESCE(SUM(a.failed), 0) AS BIGINT) FROM landfall_attempts AS a WHERE a.counter = $1 ",
            "AND a.lane = ",
            $lane,
            " AND a.expires_at > $2 AND 2 * a.bucket - a.expires_at <= $2)"
        )
    };
}

/// Lane `$4` if the owner of counter `$1` was seen on that network between `$5` and `$6`, otherwise lane `$3`.
macro_rules! lane {
    () => {
        "(SELECT CASE WHEN EXISTS (SELECT 1 FROM landfall_networks WHERE customer = $1 AND network = $4 \
         AND seen_at BETWEEN $5 AND $6) THEN $4 ELSE $3 END AS lane) AS chosen"
    };
}

/// Waits for the turn of a counter, until the end of the transaction.
async fn lock(connection: &mut PgConnection, counter: &Counter) -> Result<(), sqlx::Error> {
    let sql = "SELECT token FROM landfall_stripes WHERE slot = $1 FOR UPDATE";
    sqlx::query(sql).bind(stripe(&counter.owner)).fetch_one(connection).await.map(|_| ())
}

/// Reserves an attempt if failures and live reservations leave room for it. A reservation that this token already has is
/// not counted, so that a repetition finds it.
pub(super) async fn reserve(
    connection: &mut PgConnection,
    attempt: &Attempt,
    token: i64,
) -> Result<Reserved, sqlx::Error> {
    let counter = &attempt.counter;
    lock(connection, counter).await?;
    // The fast path: almost every attempt has room.
    let sql = concat!(
        "INSERT INTO landfall_reservations (counter, lane, token, reserved_at, expires_at) ",
        "SELECT $1, chosen.lane, $9, $2, $7 FROM ",
        lane!(),
        " WHERE ",
        failures!("chosen.lane"),
        " + (SELECT COUNT(*) FROM landfall_reservations AS r WHERE r.counter = $1 AND r.lane = chosen.lane ",
        "AND r.token <> $9 AND r.expires_at > $2 AND 2 * r.reserved_at - r.expires_at <= $2) < $8 ",
        "ON CONFLICT (counter, lane, token) DO UPDATE SET expires_at = excluded.expires_at RETURNING lane"
    );
    let reserved: Option<(String,)> = bind_attempt(sqlx::query_as(sql), attempt)
        .bind(later(attempt.at, attempt.hold))
        .bind(i64::from(counter.limit))
        .bind(token)
        .fetch_optional(&mut *connection)
        .await?;
    if let Some((lane,)) = reserved {
        return Ok(Reserved::Admitted(Reservation { counter: Counter { lane, ..counter.clone() }, token }));
    }
    let sql = concat!("SELECT ", failures!("chosen.lane"), " FROM ", lane!());
    let (failed,): (i64,) = bind_attempt(sqlx::query_as(sql), attempt).fetch_one(connection).await?;
    Ok(if failed >= i64::from(counter.limit) { Reserved::OverLimit } else { Reserved::Busy })
}

/// Binds the parameters 1 to 6.
fn bind_attempt<'q, T>(
    query: QueryAs<'q, Postgres, T, PgArguments>,
    attempt: &'q Attempt,
) -> QueryAs<'q, Postgres, T, PgArguments> {
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
    connection: &mut PgConnection,
    counter: &Counter,
    at: Timestamp,
) -> Result<Room, sqlx::Error> {
    let (failed,): (i64,) = sqlx::query_as(concat!("SELECT ", failures!("$3")))
        .bind(&counter.owner)
        .bind(micros(at))
        .bind(&counter.lane)
        .fetch_one(connection)
        .await?;
    Ok(if failed >= i64::from(counter.limit) { Room::Full } else { Room::Free })
}

/// The changes that several decisions make to attempts. They are written in one order, so that processes that write the
/// same counters wait for each other and never in a circle.
#[derive(Debug, Default)]
pub(super) struct Changes {
    ended: Vec<Reservation>,
    cleared: BTreeSet<String>,
    /// Failures by counter, lane and bucket: how many, and when they expire.
    failed: BTreeMap<(String, String, i64), (i64, i64)>,
    /// When customers were seen on networks.
    seen: BTreeMap<(String, String), i64>,
}

impl Changes {
    /// Adds the changes of a decision.
    pub fn add(&mut self, decision: &Decision) {
        for change in &decision.settled {
            match change {
                Settled::Ended(reservation) => self.ended.push(reservation.clone()),
                Settled::Cleared(owner) => drop(self.cleared.insert(owner.clone())),
                Settled::Failed(counter) => {
                    let (bucket, expires_at) = bucket(counter, decision.at);
                    let key = (counter.owner.clone(), counter.lane.clone(), bucket);
                    let (failed, expires) = self.failed.entry(key).or_default();
                    *failed += 1;
                    *expires = expires_at;
                }
                Settled::SeenAt { owner, network } => {
                    let at = self.seen.entry((owner.clone(), network.clone())).or_insert(i64::MIN);
                    *at = micros(decision.at).max(*at);
                }
            }
        }
    }

    /// How many rows were added at most.
    pub fn failures(&self) -> usize {
        self.failed.len()
    }

    /// Writes the changes.
    pub async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.end_reservations(connection).await?;
        self.clear(connection).await?;
        self.add_failures(connection).await?;
        self.remember_networks(connection).await
    }

    async fn end_reservations(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.ended.is_empty() {
            return Ok(());
        }
        let sql = "DELETE FROM landfall_reservations AS r USING unnest($1, $2, $3) AS ended (counter, lane, token) \
                   WHERE r.counter = ended.counter AND r.lane = ended.lane AND r.token = ended.token";
        let texts = |of: fn(&Counter) -> &String| -> Vec<&String> {
            self.ended.iter().map(|reservation| of(&reservation.counter)).collect()
        };
        sqlx::query(sql)
            .bind(texts(|counter| &counter.owner))
            .bind(texts(|counter| &counter.lane))
            .bind(self.ended.iter().map(|reservation| reservation.token).collect::<Vec<_>>())
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn clear(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.cleared.is_empty() {
            return Ok(());
        }
        let owners: Vec<&String> = self.cleared.iter().collect();
        let sql = "DELETE FROM landfall_attempts WHERE counter = ANY($1)";
        sqlx::query(sql).bind(owners).execute(connection).await.map(|_| ())
    }

    async fn add_failures(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.failed.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO landfall_attempts (counter, lane, bucket, failed, expires_at) \
                   SELECT * FROM unnest($1, $2, $3, $4, $5) ON CONFLICT (counter, lane, bucket) \
                   DO UPDATE SET failed = landfall_attempts.failed + excluded.failed, expires_at = excluded.expires_at";
        let numbers = |of: fn((i64, (i64, i64))) -> i64| -> Vec<i64> {
            self.failed.iter().map(|((_, _, bucket), rest)| of((*bucket, *rest))).collect()
        };
        sqlx::query(sql)
            .bind(self.failed.keys().map(|(counter, _, _)| counter).collect::<Vec<_>>())
            .bind(self.failed.keys().map(|(_, lane, _)| lane).collect::<Vec<_>>())
            .bind(numbers(|(bucket, _)| bucket))
            .bind(numbers(|(_, (failed, _))| failed))
            .bind(numbers(|(_, (_, expires))| expires))
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Remembers networks and forgets the oldest ones of the same customers.
    async fn remember_networks(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Some(earliest) = self.seen.values().min() else { return Ok(()) };
        let sql = "INSERT INTO landfall_networks AS n (customer, network, seen_at) SELECT * FROM unnest($1, $2, $3) \
                   ON CONFLICT (customer, network) DO UPDATE SET seen_at = excluded.seen_at \
                   WHERE ABS(excluded.seen_at - n.seen_at) >= $4 RETURNING customer";
        let changed: Vec<String> = sqlx::query_scalar(sql)
            .bind(self.seen.keys().map(|(customer, _)| customer).collect::<Vec<_>>())
            .bind(self.seen.keys().map(|(_, network)| network).collect::<Vec<_>>())
            .bind(self.seen.values().copied().collect::<Vec<_>>())
            .bind(REFRESH_AFTER)
            .fetch_all(&mut *connection)
            .await?;
        if changed.is_empty() {
            return Ok(());
        }
        let sql = "DELETE FROM landfall_networks WHERE (customer, network) IN (SELECT customer, network FROM ( \
                   SELECT customer, network, seen_at, \
                   ROW_NUMBER() OVER (PARTITION BY customer ORDER BY seen_at DESC, network) AS place \
                   FROM landfall_networks WHERE customer = ANY($1)) AS ranked WHERE place > $2 OR seen_at < $3)";
        sqlx::query(sql)
            .bind(changed)
            .bind(i64::from(Attempt::KNOWN_NETWORKS))
            .bind(earliest.saturating_sub(known_for()))
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Deletes failures whose window has passed, reservations that nobody ended, and what a clock wrote that was far ahead.
/// Rows that another process is deleting are left to it.
pub(super) async fn sweep(connection: &mut PgConnection, at: Timestamp, failures: usize) -> Result<(), sqlx::Error> {
    let limit = i64::from(SWEEP).saturating_mul(i64::try_from(failures.max(1)).unwrap_or(1));
    for sql in [
        "DELETE FROM landfall_attempts WHERE (counter, lane, bucket) IN \
         (SELECT counter, lane, bucket FROM landfall_attempts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 \
         FOR UPDATE SKIP LOCKED)",
        "DELETE FROM landfall_attempts WHERE (counter, lane, bucket) IN (SELECT counter, lane, bucket FROM \
         (SELECT counter, lane, bucket, expires_at FROM landfall_attempts ORDER BY expires_at DESC LIMIT $2) AS latest \
         WHERE 2 * bucket - expires_at > $1)",
        "DELETE FROM landfall_reservations WHERE (counter, lane, token) IN \
         (SELECT counter, lane, token FROM landfall_reservations \
         WHERE expires_at <= $1 OR 2 * reserved_at - expires_at > $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    ] {
        sqlx::query(sql).bind(micros(at)).bind(limit).execute(&mut *connection).await?;
    }
    Ok(())
}
