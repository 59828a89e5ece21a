//! `time_zone`: checks IANA time zones.

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
    summary: "checks a time zone and converts it to its IANA name, such as `Europe/Berlin`",
    details: "Accepts IANA names in any case, the names of Ruby on Rails (`Eastern Time (US & Canada)`), and Windows \
              names (`W. Europe Standard Time`), which are mapped to CLDR's default zone for the name. Older IANA \
              names (`Asia/Calcutta`) are valid and stay unchanged. An offset such as `+02:00` is not a zone: it does \
              not say when the clocks change.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "no time zone has this name",
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
        // names of other systems first: `Singapore` is a Rails name, and only a legacy name in the IANA database
        if let Some((_, zone)) =
            RAILS_ZONES.iter().chain(WINDOWS_ZONES).find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Ok(Value::Text(zone));
        }
        let zone = DATABASE.get(text).ok();
        match zone.as_ref().filter(|zone| !zone.is_unknown()).and_then(|zone| zone.iana_name()) {
            Some(name) if name == text => Ok(Value::Text(text)),
            Some(name) => Ok(cx.keep(name)),
            None => Err(Failure::new("the text is not a known time zone")),
        }
    }
}

/// The zones bundled with the program: results must not depend on the machine.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn names_of_all_systems_are_recognized() {
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
    fn every_row_refers_to_a_known_zone() {
        for (name, zone) in RAILS_ZONES.iter().chain(WINDOWS_ZONES) {
            let found = DATABASE.get(zone).ok();
            assert_eq!(found.as_ref().and_then(|zone| zone.iana_name()), Some(*zone), "{name}");
        }
    }
}
