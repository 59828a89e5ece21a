//! ISO 8601 and RFC 3339 times, in the variants that programs and databases write.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::moment::{Read, nonexistent_date};
use super::scan::Scanner;
use crate::engine::op::Failure;

/// Reads `2024-03-15`, `2024-03-15T10:20:30.5Z`, `2024-03-15 10:20:30 +0000`, `2024-03-15 10:20+00` and similar.
///
/// A leap second (`23:59:60`, allowed by RFC 3339) is read as the second before it.
///
/// # Errors
/// When the text has another format, or the day or time of day does not exist.
pub fn read(text: &str) -> Result<Read, Failure> {
    let mut scanner = Scanner::new(text);
    let (year, month, day) = date_parts(&mut scanner).ok_or_else(other_form)?;
    let date = Date::new(year, month, day).map_err(|_| nonexistent_date())?;
    if scanner.is_done() {
        return Ok(Read { date, time: None, zone: None });
    }
    scanner.eat_one(&['T', 't', ' ']).ok_or_else(other_form)?;
    let time = time(&mut scanner)?;
    scanner.blanks();
    let zone = scanner.offset().map(TimeZone::fixed);
    if scanner.is_done() { Ok(Read { date, time: Some(time), zone }) } else { Err(other_form()) }
}

fn date_parts(scanner: &mut Scanner<'_>) -> Option<(i16, i8, i8)> {
    let year = scanner.number(4, 4)?;
    let month = scanner.eat("-").then(|| scanner.number(2, 2))??;
    let day = scanner.eat("-").then(|| scanner.number(2, 2))??;
    Some((year, month, day))
}

fn time(scanner: &mut Scanner<'_>) -> Result<Time, Failure> {
    let (hour, minute, second, nano) = time_parts(scanner).ok_or_else(other_form)?;
    Time::new(hour, minute, if second == 60 { 59 } else { second }, nano).map_err(|_| nonexistent_time())
}

fn time_parts(scanner: &mut Scanner<'_>) -> Option<(i8, i8, i8, i32)> {
    let hour = scanner.number(2, 2)?;
    let minute = scanner.eat(":").then(|| scanner.number(2, 2))??;
    if !scanner.eat(":") {
        return Some((hour, minute, 0, 0));
    }
    let second = scanner.number(2, 2)?;
    let nano = if scanner.eat_one(&['.', ',']).is_some() { scanner.fraction()? } else { 0 };
    Some((hour, minute, second, nano))
}

/// The failure of a time of day that does not exist.
pub fn nonexistent_time() -> Failure {
    Failure::new("the time of day does not exist")
}

fn other_form() -> Failure {
    Failure::new("the text is not an ISO 8601 date or time")
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::super::moment::Target;
    use super::super::zone::Zone;
    use super::*;
    use crate::engine::context::Cx;
    use crate::model::Value;

    #[test]
    fn all_variants_are_read() {
        for (text, wanted) in [
            ("2019-08-30T11:02:05.000Z", Some("2019-08-30T11:02:05Z")),
            ("2024-11-19 22:14:07.040120 +0000", Some("2024-11-19T22:14:07.04012Z")),
            ("2024-11-19 22:14:07.039854206 +0000", Some("2024-11-19T22:14:07.039854206Z")),
            ("2024-11-19 22:14:07+00", Some("2024-11-19T22:14:07Z")),
            ("2024-11-19 22:14:07 UTC", Some("2024-11-19T22:14:07Z")),
            ("2024-11-19t22:14+05:30", Some("2024-11-19T16:44:00Z")),
            ("9999-12-31T23:59:59.9999999+00:00", Some("9999-12-31T23:59:59.9999999Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z")),
            ("1984-02-29", Some("1984-02-29")),
            ("1985-02-29", None),
            ("2024-03-15T24:00:00Z", None),
            ("2024-3-15", None),
            ("2024-03-15T10:20:30", None),
            ("2024-03-15T10:20:30Z ", None),
            ("2024-03-15T10:20:30.Z", None),
            ("0000-00-00 00:00:00", None),
            ("", None),
        ] {
            let arena = Bump::new();
            let value = read(text).and_then(|read| read.finish(&Zone::None, Target::AsRead, &Cx::bare(&arena)));
            assert_eq!(value.ok().and_then(Value::as_text), wanted, "{text}");
        }
    }
}
