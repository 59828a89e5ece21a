//! What the columns of ledgers in databases hold, read back.

use jiff::Timestamp;

use crate::adapters::refusal::refusal;

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
    use crate::adapters::ledgers::micros;

    #[test]
    fn times_round_trip_to_the_microsecond() {
        let at: Timestamp = "2026-02-03T04:05:06.123456789Z".parse().unwrap();
        assert_eq!(stamp(micros(at)).unwrap().to_string(), "2026-02-03T04:05:06.123456Z");
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
