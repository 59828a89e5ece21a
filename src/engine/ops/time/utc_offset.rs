//! `utc_offset`: converts offsets from UTC in any notation to `+02:00`, or to the fixed zone of that offset.

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::engine::ops::number::exact::{Exact, number};
use crate::model::{Kinds, Value};

/// The largest offset, in minutes. The largest in use is +14:00; old local times reached 15:13 behind UTC.
const MAX_MINUTES: i64 = 16 * 60 - 1;

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "utc_offset",
    family: Family::Time,
    summary: "converts an offset from UTC in any notation to `+02:00` or a fixed zone",
    details: "Accepts `+02:00`, `+0530`, `-5`, `+5.5`, `Z`, `UTC+1`, `GMT-03:30` and `(UTC+01:00) Amsterdam`; a bare \
              number counts hours, or the unit in `unit`. The result can be the `zone` of `date` and other steps: \
              compute it under `let` and write `zone: $offset`. An offset says nothing about daylight saving time; if \
              the record has a zone name, use that. `inverted` is for numbers that count from local time to UTC, as \
              JavaScript's `getTimezoneOffset` and POSIX do. `Etc/GMT+5`, which is 5 hours behind UTC despite its \
              sign, is read correctly.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional(
            "unit",
            ArgumentKind::Choice(&["hours", "minutes", "seconds"]),
            "the unit of a bare number; `hours` by default",
        ),
        ArgumentSpec::optional(
            "inverted",
            ArgumentKind::Boolean,
            "whether positive numbers are west of UTC; false by default",
        ),
        ArgumentSpec::optional(
            "to",
            ArgumentKind::Choice(&["offset", "zone"]),
            "the kind of the result: an offset (the default), or the IANA name of the zone that always has it, such as `Etc/GMT-2`",
        ),
    ],
    fails: "the value is not an offset, is not a whole number of minutes, is 16 hours or more, or has no fixed zone",
    takes_nothing: false,
    examples: &[
        example("", r#""+0530""#, r#""+05:30""#),
        example("", r#""UTC+1""#, r#""+01:00""#),
        example("", "-5", r#""-05:00""#),
        example("", "5.75", r#""+05:45""#),
        example("seconds", "-12600", r#""-03:30""#),
        example("{ unit: minutes, inverted: true }", "-120", r#""+02:00""#),
        example("{ to: zone }", r#""+02:00""#, r#""Etc/GMT-2""#),
        example_failure("", r#""Europe/Berlin""#),
        example_failure("", "3600"),
        example_failure("{ to: zone }", r#""+05:30""#),
    ],
    build: |arguments| {
        let (seconds, digits) = match arguments.text("unit").as_deref() {
            Some("minutes") => (60, false),
            Some("seconds") => (1, false),
            _ => (3600, true),
        };
        Ok(Box::new(UtcOffset {
            seconds,
            digits,
            inverted: arguments.boolean("inverted").unwrap_or(false),
            to_zone: arguments.text("to").as_deref() == Some("zone"),
        }))
    },
};

#[derive(Debug)]
struct UtcOffset {
    /// The seconds of the unit.
    seconds: i64,
    /// Whether `+0530` means five and a half hours.
    digits: bool,
    inverted: bool,
    to_zone: bool,
}

impl Op for UtcOffset {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let seconds = match input {
            Value::Text(text) => self.read(text.trim()),
            number_of_units => self.counted(&number(number_of_units)?),
        };
        let seconds = seconds.ok_or_else(|| Failure::new("the value is not an offset from UTC"))?;
        let seconds = if self.inverted { -seconds } else { seconds };
        if seconds % 60 != 0 {
            return Err(Failure::new("the offset is not a whole number of minutes"));
        }
        let minutes = seconds / 60;
        if minutes.abs() > MAX_MINUTES {
            return Err(Failure::new("the offset is 16 hours or more"));
        }
        if self.to_zone { zone(minutes, cx) } else { Ok(written(minutes, cx)) }
    }
}

impl UtcOffset {
    /// The seconds of a number of units.
    fn counted(&self, count: &Exact) -> Option<i64> {
        count.checked_multiply(&Exact::int(self.seconds))?.to_int()
    }

    fn read(&self, text: &str) -> Option<i64> {
        // `(UTC+01:00) Amsterdam, Berlin`, as displayed by Windows and Rails
        let text = text.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(text, |(inside, _)| inside);
        if let Some(rest) = strip_any_case(text, "Etc/GMT") {
            let opposite = Self { inverted: false, ..*self };
            return if rest.is_empty() { Some(0) } else { Some(-opposite.signed(rest)?) };
        }
        let name = ["UTC", "GMT", "Z"].into_iter().find_map(|name| strip_any_case(text, name));
        match name.map(str::trim_start) {
            Some("") => Some(0),
            Some(rest) => self.signed(rest),
            None => self.signed(text).or_else(|| self.counted(&Exact::parse(text)?)),
        }
    }

    /// `+2`, `-02`, `+0230`, `+2:30`, `+5.5`
    fn signed(&self, text: &str) -> Option<i64> {
        let negative = text.starts_with(['-', '\u{2212}']);
        let rest = text.strip_prefix(['+', '-', '\u{2212}'])?.trim_start();
        let size = match rest.split_once(':') {
            Some((hours, minutes)) => clock(hours, minutes)?,
            None if self.digits && rest.len() == 4 && is_digits(rest) => {
                let (hours, minutes) = rest.split_at_checked(2)?;
                clock(hours, minutes)?
            }
            None if rest.starts_with(|c: char| c.is_ascii_digit()) => self.counted(&Exact::parse(rest)?)?,
            None => return None,
        };
        Some(if negative { -size } else { size })
    }
}

fn strip_any_case<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.split_at_checked(name.len()).filter(|(head, _)| head.eq_ignore_ascii_case(name)).map(|(_, rest)| rest)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Converts hours and minutes, optionally followed by zero seconds, to seconds.
fn clock(hours: &str, minutes: &str) -> Option<i64> {
    let minutes = minutes.strip_suffix(":00").unwrap_or(minutes);
    if !(1..=2).contains(&hours.len()) || minutes.len() != 2 || !is_digits(hours) || !is_digits(minutes) {
        return None;
    }
    let minutes: i64 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
    Some(hours.parse::<i64>().ok()? * 3600 + minutes * 60)
}

fn written<'a>(minutes: i64, cx: &Cx<'a>) -> Value<'a> {
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    Value::Text(bumpalo::format!(in cx.arena, "{}{:02}:{:02}", sign, hours, minutes).into_bump_str())
}

/// The IANA zone of an offset. The signs follow POSIX: `Etc/GMT-2` is two hours east of UTC.
fn zone<'a>(minutes: i64, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let hours = minutes / 60;
    if minutes % 60 != 0 || !(-12..=14).contains(&hours) {
        return Err(Failure::new(
            "there is no fixed zone for this offset: fixed zones have whole hours from -12 to +14",
        ));
    }
    Ok(match hours {
        0 => Value::Text("Etc/UTC"),
        hours => Value::Text(bumpalo::format!(in cx.arena, "Etc/GMT{:+}", -hours).into_bump_str()),
    })
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::super::zone;
    use super::*;
    use crate::engine::op::{Argument, Arguments};

    fn given(texts: &[(&'static str, &str)], inverted: bool, input: Value<'_>) -> Result<String, String> {
        let mut arguments = Arguments::default();
        for (name, text) in texts {
            arguments.push(name, Argument::Text((*text).to_owned()));
        }
        arguments.push("inverted", Argument::Boolean(inverted));
        let op = (ROW.build)(&mut arguments).unwrap();
        let arena = Bump::new();
        let made = op.apply(input, &Cx::bare(&arena)).map_err(|failure| failure.message().to_owned())?;
        let text = made.as_text().unwrap();
        assert!(zone::read(text).is_some(), "{text}");
        Ok(text.to_owned())
    }

    #[test]
    fn all_notations_are_read() {
        for (text, wanted) in [
            ("Z", Some("+00:00")),
            ("utc", Some("+00:00")),
            ("GMT-3:30", Some("-03:30")),
            ("gmt +2", Some("+02:00")),
            ("UTC+5.5", Some("+05:30")),
            ("(GMT-05:00) Eastern Time (US & Canada)", Some("-05:00")),
            ("(UTC) Coordinated Universal Time", Some("+00:00")),
            ("\u{2212}05:00", Some("-05:00")),
            ("Etc/GMT+5", Some("-05:00")),
            ("Etc/GMT", Some("+00:00")),
            ("+02:00:00", Some("+02:00")),
            ("2", Some("+02:00")),
            ("-05", Some("-05:00")),
            ("+1400", Some("+14:00")),
            ("0", Some("+00:00")),
            ("-0", Some("+00:00")),
            ("+15:59", Some("+15:59")),
            ("+16:00", None),
            ("+02:60", None),
            ("+02:3", None),
            ("+2:", None),
            ("0530", None),
            ("+5.51", None),
            ("+ ", None),
            ("--5", None),
            ("+-5", None),
            ("UTC5", None),
            ("(UTC+1", None),
            ("", None),
            ("1e1", Some("+10:00")),
            ("99999999999999999999", None),
        ] {
            assert_eq!(given(&[], false, Value::Text(text)).ok().as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn units_and_signs() {
        let minutes = [("unit", "minutes")];
        assert_eq!(given(&minutes, false, Value::Text("+0120")).as_deref(), Ok("+02:00"));
        assert_eq!(given(&minutes, true, Value::Int(300)).as_deref(), Ok("-05:00"));
        assert_eq!(given(&minutes, false, Value::Text("+02:00")).as_deref(), Ok("+02:00"));
        assert_eq!(given(&[("unit", "seconds")], false, Value::Decimal("19800.0")).as_deref(), Ok("+05:30"));
        assert!(given(&[("unit", "seconds")], false, Value::Int(19_801)).is_err());
        let zone = [("to", "zone")];
        for (hours, wanted) in [(0, "Etc/UTC"), (-12, "Etc/GMT+12"), (14, "Etc/GMT-14")] {
            assert_eq!(given(&zone, false, Value::Int(hours)).as_deref(), Ok(wanted));
        }
        assert!(given(&zone, false, Value::Int(-13)).is_err());
    }
}
