//! Timestamps as the ledger stores them: whole microseconds since 1970-01-01 UTC.

use std::time::Duration;

use jiff::Timestamp;

use crate::adapters::sqlite::refusal;

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

/// The time of a stored timestamp.
pub(in crate::adapters) fn stamp(micros: i64) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_microsecond(micros).map_err(|_| refusal("a timestamp of the ledger is invalid"))
}

/// The time of an optional stored timestamp.
pub(in crate::adapters) fn maybe_stamp(micros: Option<i64>) -> Result<Option<Timestamp>, sqlx::Error> {
    micros.map(stamp).transpose()
}

/// Converts a stored number that cannot be negative.
pub(in crate::adapters) fn unsigned(number: i64) -> Result<u64, sqlx::Error> {
    u64::try_from(number).map_err(|_| refusal("a number of the ledger is negative"))
}

/// The tags of a stored list.
pub(in crate::adapters) fn tags(json: &str) -> Result<Vec<String>, sqlx::Error> {
    serde_json::from_str(json).map_err(|_| refusal("the tags of an entry cannot be read"))
}

/// The stored form of tags: a JSON list of strings.
pub(in crate::adapters) fn tags_json(tags: &[String]) -> String {
    serde_json::json!(tags).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_round_trip_to_the_microsecond() {
        let at: Timestamp = "2026-02-03T04:05:06.123456789Z".parse().unwrap();
        assert_eq!(stamp(micros(at)).unwrap().to_string(), "2026-02-03T04:05:06.123456Z");
        assert_eq!(later(at, Duration::MAX), i64::MAX);
        assert!(stamp(i64::MAX).is_err());
        assert!(unsigned(-1).is_err());
    }

    #[test]
    fn tags_round_trip() {
        let list = vec!["a".to_owned(), "\"b\"".to_owned()];
        assert_eq!(tags(&tags_json(&list)).unwrap(), list);
        assert!(tags("no").is_err());
    }
}
