//! Times and dates, and their output format.

use bumpalo::collections::String as ArenaString;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::zone::{self, Zone, out_of_range};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Arguments, Failure};
use crate::model::Value;

/// 1970-01-01T00:00:00Z, where Unix times begin (IEEE Std 1003.1, 4.19).
pub const UNIX_EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A parsed value: a date, an optional time of day, and an optional zone.
#[derive(Debug)]
pub struct Read {
    /// The date as written.
    pub date: Date,
    /// The time of day as written.
    pub time: Option<Time>,
    /// The zone or offset as written.
    pub zone: Option<TimeZone>,
}

/// What a step returns: a time or a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A time if a time of day was read, otherwise a date.
    AsRead,
    /// Always a time.
    Time,
    /// Always a date.
    Date,
}

/// The `to` argument.
pub const TO: ArgumentSpec = ArgumentSpec::optional(
    "to",
    ArgumentKind::Choice(&["time", "date"]),
    "the kind of the result; by default a time if a time of day is present, otherwise a date",
);

/// The `zone` argument of steps that read local times.
pub const ZONE: ArgumentSpec =
    ArgumentSpec::optional("zone", ArgumentKind::Operand, "the IANA time zone or offset of times without an offset");

impl Target {
    /// Takes the argument `to`.
    pub fn take(arguments: &mut Arguments) -> Self {
        match arguments.text("to").as_deref() {
            Some("time") => Self::Time,
            Some("date") => Self::Date,
            _ => Self::AsRead,
        }
    }
}

impl Read {
    /// The value that a step returns.
    ///
    /// The date of a time with an offset is the date as written, or, if a zone is declared, the date in that zone.
    pub fn finish<'a>(self, zone: &'a Zone, target: Target, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let as_date = target == Target::Date || (target == Target::AsRead && self.time.is_none());
        match (as_date, self.time, &self.zone) {
            (true, Some(_), Some(written)) => match zone.value(cx)? {
                Some(declared) => {
                    let utc = zone::to_utc(self.local(), written)?;
                    write_date(zone::to_local(utc, &declared)?.date(), cx)
                }
                None => write_date(self.date, cx),
            },
            (true, ..) => write_date(self.date, cx),
            (false, ..) => write_time(self.utc(zone, cx)?, cx),
        }
    }

    /// The time in UTC; midnight if no time of day was read.
    pub fn utc<'a>(self, zone: &'a Zone, cx: &Cx<'a>) -> Result<DateTime, Failure> {
        let local = self.local();
        let zone = match self.zone {
            Some(zone) => zone,
            None => zone.value(cx)?.ok_or_else(missing_zone)?,
        };
        zone::to_utc(local, &zone)
    }

    /// The time as written; midnight if no time of day was read.
    pub fn local(&self) -> DateTime {
        DateTime::from_parts(self.date, self.time.unwrap_or_default())
    }
}

/// The failure of a local time without a zone.
pub fn missing_zone() -> Failure {
    Failure::new("the time has no offset and no zone is declared")
}

/// The failure of a day that does not exist.
pub fn nonexistent_date() -> Failure {
    Failure::new("the date does not exist")
}

/// A UTC time as RFC 3339 text, the fraction without trailing zeros.
pub fn write_time<'a>(utc: DateTime, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let [y1, y2, y3, y4, d1, m1, m2, d2, n1, n2] = date_text(utc.date())?;
    let ([h1, h2], [i1, i2], [s1, s2]) = (two(utc.hour()), two(utc.minute()), two(utc.second()));
    let whole = [y1, y2, y3, y4, d1, m1, m2, d2, n1, n2, b'T', h1, h2, b':', i1, i2, b':', s1, s2];
    let nanos = utc.subsec_nanosecond();
    let mut made = ArenaString::with_capacity_in("2024-05-06T07:08:09.012345678Z".len(), cx.arena);
    made.push_str(ascii(&whole));
    if nanos != 0 {
        let fraction = bumpalo::format!(in cx.arena, ".{:09}", nanos);
        made.push_str(fraction.trim_end_matches('0'));
    }
    made.push('Z');
    Ok(Value::Text(made.into_bump_str()))
}

/// A date as `YYYY-MM-DD`.
pub fn write_date<'a>(date: Date, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    Ok(cx.keep(ascii(&date_text(date)?)))
}

fn date_text(date: Date) -> Result<[u8; 10], Failure> {
    let year = u8::try_from(date.year() / 100).ok().zip(u8::try_from(date.year() % 100).ok());
    let (century, year) = year.filter(|_| date.year() >= 1).ok_or_else(out_of_range)?;
    let ([y1, y2], [y3, y4]) = (digits(century), digits(year));
    let ([m1, m2], [d1, d2]) = (two(date.month()), two(date.day()));
    Ok([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

/// Formats a number of at most two digits.
fn two(number: i8) -> [u8; 2] {
    digits(number.unsigned_abs())
}

fn digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// The UTC time this many nanoseconds after the Unix epoch.
pub fn from_unix_nanos(nanos: i128) -> Result<DateTime, Failure> {
    let since = match i64::try_from(nanos) {
        Ok(nanos) => SignedDuration::from_nanos(nanos),
        Err(_) => {
            let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).map_err(|_| out_of_range())?;
            let rest = i32::try_from(nanos.rem_euclid(1_000_000_000)).map_err(|_| out_of_range())?;
            SignedDuration::new(seconds, rest)
        }
    };
    UNIX_EPOCH.checked_add(since).map_err(|_| out_of_range())
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_are_written_in_iso_8601(seconds in -62_135_596_800_i128..253_402_300_800, nanos in 0_i128..1_000_000_000) {
            let (arena, utc) = (Bump::new(), from_unix_nanos(seconds * 1_000_000_000 + nanos).unwrap());
            let cx = Cx::bare(&arena);
            let time = write_time(utc, &cx).ok().and_then(Value::as_text).map(ToOwned::to_owned);
            prop_assert_eq!(time, Some(format!("{utc}Z")));
            let date = write_date(utc.date(), &cx).ok().and_then(Value::as_text).map(ToOwned::to_owned);
            prop_assert_eq!(date, Some(utc.date().to_string()));
        }
    }

    #[test]
    fn fractions_are_trimmed_up_to_the_end_of_9999() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        for (nanos, text) in [
            (0, Some("1970-01-01T00:00:00Z")),
            (1_688_904_002_610_000_000, Some("2023-07-09T12:00:02.61Z")),
            (-1, Some("1969-12-31T23:59:59.999999999Z")),
            (253_402_300_799_999_999_900, Some("9999-12-31T23:59:59.9999999Z")),
            (253_402_300_800_000_000_000, None),
            (-62_135_596_800_000_000_000, Some("0001-01-01T00:00:00Z")),
            (-62_135_596_800_000_000_001, None),
            (i128::MAX, None),
        ] {
            let written = from_unix_nanos(nanos).and_then(|utc| write_time(utc, &cx)).ok().and_then(Value::as_text);
            assert_eq!(written, text, "{nanos}");
        }
    }
}
