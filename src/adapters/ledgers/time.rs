//! Timestamps as ledgers store them: whole microseconds since 1970-01-01 UTC.

use std::time::Duration;

use jiff::Timestamp;

/// The stored form of a time.
pub(in crate::adapters) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The stored form of a time `by` later.
pub(in crate::adapters) fn later(at: Timestamp, by: Duration) -> i64 {
    micros(at).saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}

/// The latest plausible end of a lease: a later one was written by a clock that has jumped. Twice the lease, because
/// the clocks of two processes are read at different moments.
pub(in crate::adapters) fn latest(at: Timestamp, lease: Duration) -> i64 {
    later(at, lease.saturating_mul(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_too_late_are_the_latest() {
        let at: Timestamp = "2026-02-03T04:05:06.123456789Z".parse().unwrap();
        assert_eq!(later(at, Duration::from_secs(1)), micros(at) + 1_000_000);
        assert_eq!(latest(at, Duration::from_secs(1)), micros(at) + 2_000_000);
        assert_eq!((later(at, Duration::MAX), latest(at, Duration::MAX)), (i64::MAX, i64::MAX));
    }
}
