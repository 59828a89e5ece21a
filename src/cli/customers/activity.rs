//! When customers were last active in the legacy system, as their records say.

use std::str::FromStr;

use bumpalo::Bump;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::model::Value;
use crate::rules::RecordsPath;

/// Where the last activity of a customer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// In claims that the rules make; the latest one counts.
    Claims(Vec<String>),
    /// At a place in the record.
    Path(RecordsPath),
}

impl Default for Activity {
    fn default() -> Self {
        Self::Claims(vec!["last_activity_at".to_owned(), "last_login_at".to_owned()])
    }
}

impl FromStr for Activity {
    type Err = String;

    /// Reads `$.last_login` as a place in the record, and anything else as the name of a claim.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('$') {
            let path: RecordsPath = text.parse().map_err(|_| shape())?;
            return if path.is_root() { Err(shape()) } else { Ok(Self::Path(path)) };
        }
        if text.is_empty() || text.contains(char::is_whitespace) {
            Err(shape())
        } else {
            Ok(Self::Claims(vec![text.to_owned()]))
        }
    }
}

fn shape() -> String {
    "write a place in the record, such as `$.last_login` or `$.meta.last_seen`, or the name of a claim".to_owned()
}

/// How long nobody must have seen a customer who counts as dormant.
#[derive(Debug, Clone)]
pub enum DormantAfter {
    /// For this long.
    Time(Span),
    /// Since this day.
    Day(Date),
}

impl FromStr for DormantAfter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "write a time such as `12mo`, `2y` or `90d`, or a day such as `2024-06-30`";
        if let Ok(day) = text.parse::<Date>() {
            return Ok(Self::Day(day));
        }
        let time: Span = text.parse().map_err(|_| SHAPE.to_owned())?;
        let is_usable = time.is_positive() && Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC).checked_add(time).is_ok();
        if is_usable { Ok(Self::Time(time)) } else { Err(SHAPE.to_owned()) }
    }
}

impl DormantAfter {
    /// The time before which a customer must have been active for the last time to count as dormant.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => now.to_zoned(TimeZone::UTC).saturating_sub(*time).timestamp(),
            Self::Day(day) => midnight(*day).unwrap_or(Timestamp::MIN),
        }
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}

/// The time that a value of a record says. `None` if it says none: what systems write for "never", such as 0 and
/// `0000-00-00`, and what is no time.
///
/// A time is a date with or without a time of day, or a number: seconds, milliseconds or microseconds since 1970, or the time of
/// Active Directory (100 ns since 1601). Texts without an offset are UTC: a day more or less changes no month worth knowing.
pub fn time(value: Value<'_>, arena: &Bump) -> Option<Timestamp> {
    let text = value.scalar_text(arena)?.trim();
    let stamp = if text.bytes().all(|byte| byte.is_ascii_digit()) { number(text) } else { written(text) };
    // what is older is what systems write for "never", and what is newer is nonsense
    stamp.filter(|stamp| *stamp > FIRST && *stamp < LAST)
}

/// 1980 and 2200.
const FIRST: Timestamp = Timestamp::constant(315_532_800, 0);
const LAST: Timestamp = Timestamp::constant(7_258_118_400, 0);

/// Seconds between 1601 and 1970.
const FILE_TIME_START: i64 = 11_644_473_600;

fn number(digits: &str) -> Option<Timestamp> {
    match digits.len() {
        8 if digits.starts_with("19") || digits.starts_with("20") => midnight(Date::strptime("%Y%m%d", digits).ok()?),
        14 => utc(DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?),
        1..=11 => Timestamp::from_second(digits.parse().ok()?).ok(),
        12..=13 => Timestamp::from_millisecond(digits.parse().ok()?).ok(),
        15..=16 => Timestamp::from_microsecond(digits.parse().ok()?).ok(),
        17..=18 => Timestamp::from_second(digits.parse::<i64>().ok()? / 10_000_000 - FILE_TIME_START).ok(),
        _ => None,
    }
}

fn written(text: &str) -> Option<Timestamp> {
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp);
    }
    if let Some((digits, _)) = text.split_once(['.', 'Z']).filter(|(digits, _)| digits.len() == 14) {
        return utc(DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?);
    }
    utc(text.parse::<DateTime>().ok()?)
}

fn utc(time: DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_systems_write_them() {
        let arena = Bump::new();
        for text in [
            "2024-03-05T06:07:08Z",
            "2024-03-05 06:07:08",
            "2024-03-05T07:07:08+01:00",
            "2024-03-05 06:07:08.25+00",
            "20240305060708Z",
            "20240305060708.0Z",
            "20240305060708",
            "1709618828",
            "1709618828123",
            "1709618828123456",
            "133540924281234567",
        ] {
            let read = time(Value::Text(text), &arena).map(|stamp| stamp.as_second());
            assert_eq!(read, Some(1_709_618_828), "{text}");
        }
        assert_eq!(time(Value::Int(1_709_618_828), &arena).unwrap().as_second(), 1_709_618_828);
        for day in ["2024-03-05", "20240305", " 2024-03-05 "] {
            assert_eq!(time(Value::Text(day), &arena), "2024-03-05T00:00:00Z".parse().ok(), "{day}");
        }
    }

    #[test]
    fn what_is_no_time_is_never() {
        let arena = Bump::new();
        for text in [
            "",
            "0",
            "never",
            "0000-00-00 00:00:00",
            "1970-01-01",
            "1601-01-01",
            "9999-12-31",
            "-1",
            "5.5",
            "🦀",
            "99999999999999999999999999",
            "2024-13-01",
            "20241301",
            "9223372036854775807",
        ] {
            assert_eq!(time(Value::Text(text), &arena), None, "{text}");
        }
        for value in [Value::Missing, Value::Null, Value::Bool(true), Value::Decimal("1.5e9"), Value::List(&[])] {
            assert_eq!(time(value, &arena), None);
        }
    }

    #[test]
    fn dormancy_is_a_time_or_a_day() {
        let now: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        for (text, wanted) in [
            ("12mo", "2025-03-31T12:00:00Z"),
            ("1y", "2025-03-31T12:00:00Z"),
            ("1mo", "2026-02-28T12:00:00Z"),
            ("90d", "2025-12-31T12:00:00Z"),
            ("2024-06-30", "2024-06-30T00:00:00Z"),
        ] {
            let read: DormantAfter = text.parse().unwrap();
            assert_eq!(read.since(now).to_string(), wanted, "{text}");
        }
        for text in ["", "12", "soon", "-1y", "0d", "2024-13-01", "99999999y"] {
            assert!(text.parse::<DormantAfter>().is_err(), "{text}");
        }
    }

    #[test]
    fn activity_is_a_place_or_a_claim() {
        let path: RecordsPath = "$.meta.seen".parse().unwrap();
        assert_eq!("$.meta.seen".parse(), Ok(Activity::Path(path)));
        assert_eq!("custom.seen".parse(), Ok(Activity::Claims(vec!["custom.seen".into()])));
        for text in ["$", "$..a", "$.a[0]", "", "last login"] {
            assert!(text.parse::<Activity>().is_err(), "{text}");
        }
    }
}
