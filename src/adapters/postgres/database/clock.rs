//! The clock of this host beside the database's.
//!
//! The times of leases, windows and claims are those of the host that writes them, as in every ledger: a port passes them,
//! so that a login has one time and tests can move it. Safety never depends on them, because accounts, claims and calls are
//! unique in the database and tokens fence off whoever returns late. A clock that is wrong costs time, for example a claim
//! that others take over too early. So a host whose clock differs from the database's, which all hosts share, is not ready.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;

use crate::adapters::refusal::late;

/// How far the clocks may differ. More than hosts that synchronise their clocks ever do, and less than the time by which
/// the lease of a claim outlives the deadline of a login.
const MAX_SKEW: Duration = Duration::from_secs(2);

/// Fails if the clocks differ too much. The way to the database and back is not counted.
pub(in crate::adapters::postgres) async fn check_clock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let before = Timestamp::now();
    let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
    let micros: i64 = sqlx::query_scalar(sql).fetch_one(connection).await?;
    if is_off(before, micros, Timestamp::now()) {
        return Err(late(
            "the clock of this host and the clock of the database differ by more than 2 seconds; synchronise them",
        ));
    }
    Ok(())
}

/// Whether a time that was asked for within an interval lies too far outside of it.
fn is_off(before: Timestamp, micros: i64, after: Timestamp) -> bool {
    let most = SignedDuration::try_from(MAX_SKEW).unwrap_or(SignedDuration::ZERO);
    Timestamp::from_microsecond(micros)
        .map_or(true, |at| before.duration_since(at) > most || at.duration_since(after) > most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        for (database, off) in [(-3, true), (-2, false), (0, false), (9, false), (11, false), (13, true)] {
            assert_eq!(is_off(at(0), at(database).as_microsecond(), at(10)), off, "{database}");
        }
    }
}
