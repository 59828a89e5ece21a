//! `time_zone`: IANA time zones.

use std::sync::LazyLock;

use jiff::tz::TimeZoneDatabase;

use super::tables::rails_zones::RAILS_ZONES;
use super::tables::windows_zones::WINDOWS_ZONES;
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const TIME_ZONE: OpSpec = OpSpec {
    name: "time_zone",
    family: Family::Identity,
    summary: "checks a time zone and writes it as its IANA name, such as `Europe/Berlin`",
    details: "It takes IANA names in any case, the names of Ruby on Rails (`Eastern Time (US & Canada)`), and those of Windows \
              (`W. Europe Standard Time`), which stand for the zone that CLDR gives for no particular country. Older IANA names \
              (`Asia/Calcutta`) are names too and stay. An offset such as `+02:00` is not a zone: it does not say when the clock \
              changes.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "no time zone has that name",
    takes_nothing: false,
    examples: &[
        example("", r#""europe/berlin""#, r#""Europe/Berlin""#),
        example("", r#""Eastern Time (US & Canada)""#, r#""America/New_York""#),
        example("", r#""W. Europe Standard Time""#, r#""Europe/Berlin""#),
        example_failure("", r#""+02:00""#),
        example_failure("", r#""Mars/Olympus""#),
    ],
    build: |_| Ok(Box::new(TimeZone)),
};

#[derive(Debug)]
struct TimeZone;

impl Op for TimeZone {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        // other systems' names first: `Singapore` is a Rails name, and in the database only for old programs
        if let Some((_, zone)) =
            RAILS_ZONES.iter().chain(WINDOWS_ZONES).find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Ok(Value::Text(zone));
        }
        let zone = DATABASE.get(text).ok();
        match zone.as_ref().filter(|zone| !zone.is_unknown()).and_then(|zone| zone.iana_name()) {
            Some(name) if name == text => Ok(Value::Text(text)),
            Some(name) => Ok(cx.keep(name)),
            None => Err(Failure::new("is not a known time zone")),
        }
    }
}

/// The zones that come with the program: what a machine has installed must not matter.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn names_of_all_kinds() {
        let cases = [
            ("UTC", Some("UTC")),
            ("Etc/utc", Some("Etc/UTC")),
            ("Singapore", Some("Asia/Singapore")),
            ("kyiv", Some("Europe/Kyiv")),
            ("Asia/Calcutta", Some("Asia/Calcutta")),
            ("india standard time", Some("Asia/Kolkata")),
            ("Etc/Unknown", None),
            ("GMT+02:00", None),
            ("-0500", None),
            ("7200", None),
            ("", None),
            ("../etc/passwd", None),
        ];
        for (text, wanted) in cases {
            let arena = Bump::new();
            let result = TimeZone.apply(Value::Text(text), &Cx::bare(&arena)).ok();
            assert_eq!(result.and_then(Value::as_text), wanted, "{text}");
        }
    }

    #[test]
    fn every_row_names_a_zone_of_the_database() {
        for (name, zone) in RAILS_ZONES.iter().chain(WINDOWS_ZONES) {
            let found = DATABASE.get(zone).ok();
            assert_eq!(found.as_ref().and_then(|zone| zone.iana_name()), Some(*zone), "{name}");
        }
    }
}
