//! `filetime`, `generalized_time`: the times of Active Directory and LDAP.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::decimal::scaled;
use super::moment::{from_unix_nanos, missing_zone, nonexistent_date, write_time};
use super::scan::Scanner;
use super::zone::out_of_range;
use crate::engine::condition::equal;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure, example_nothing,
};
use crate::engine::operand::{Operand, Operands};
use crate::model::{Kinds, Value};

/// The row of `filetime`.
pub const FILETIME: OpSpec = OpSpec {
    name: "filetime",
    family: Family::Time,
    summary: "converts a Windows FILETIME to a time",
    details: "A FILETIME counts units of 100 ns since 1601-01-01 UTC (MS-DTYP 2.3.3); Active Directory uses it for \
              `pwdLastSet`, `lastLogonTimestamp` and `accountExpires`. There, 0 and 9223372036854775807 mean `never` \
              and give no value, unless `none` is set.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "none",
        ArgumentKind::Operands,
        "values to treat as no value; 0 and 9223372036854775807 by default",
    )],
    fails: "the value is not a whole number, is negative, or is after the year 9999",
    takes_nothing: false,
    examples: &[
        example("", r#""132223104000000000""#, r#""2020-01-01T00:00:00Z""#),
        example("", "133334640012345678", r#""2023-07-10T12:00:01.2345678Z""#),
        example_nothing("", r#""9223372036854775807""#),
        example_nothing("", "0"),
        example_failure("", "-1"),
    ],
    build: |arguments| {
        let none = arguments.operands("none");
        Ok(Box::new(FileTime(none.unwrap_or_else(|| vec![Operand::Int(0), Operand::Int(i64::MAX)].into()))))
    },
};

/// Nanoseconds from 1601-01-01 to 1970-01-01: 134,774 days.
const FROM_1601: i128 = 11_644_473_600 * 1_000_000_000;

#[derive(Debug)]
struct FileTime(Operands);

impl Op for FileTime {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if self.0.any(cx, |none| equal(none, input)) {
            return Ok(Value::Missing);
        }
        let text = cx.text(input)?;
        let whole = text.bytes().all(|b| b.is_ascii_digit());
        let nanos = scaled(text, 2).filter(|_| whole).ok_or_else(|| Failure::new("the value is not a FILETIME"))?;
        write_time(from_unix_nanos(nanos.checked_sub(FROM_1601).ok_or_else(out_of_range)?)?, cx)
    }
}

/// The row of `generalized_time`.
pub const GENERALIZED_TIME: OpSpec = OpSpec {
    name: "generalized_time",
    family: Family::Time,
    summary: "parses an LDAP generalized time",
    details: "Reads the format of RFC 4517, 3.3.13: `YYYYMMDDHH`, optional minutes and seconds, an optional fraction \
              of the last unit, and `Z` or an offset. Directories use it for `createTimestamp`, `whenCreated` and \
              `pwdChangedTime`. A leap second is read as the second before it.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional("none", ArgumentKind::Texts, "texts to treat as no value")],
    fails: "the text is not a generalized time, has no offset, or the day does not exist",
    takes_nothing: false,
    examples: &[
        example("", r#""20190830110205.0Z""#, r#""2019-08-30T11:02:05Z""#),
        example("", r#""199412161032-0500""#, r#""1994-12-16T15:32:00Z""#),
        example("", r#""2024010112.25Z""#, r#""2024-01-01T12:15:00Z""#),
        example_nothing("16010101000000.0Z", r#""16010101000000.0Z""#),
        example_failure("", r#""20190830110205""#),
    ],
    build: |arguments| Ok(Box::new(GeneralizedTime(arguments.texts("none").unwrap_or_default()))),
};

#[derive(Debug)]
struct GeneralizedTime(Vec<String>);

impl Op for GeneralizedTime {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if self.0.iter().any(|none| none == text) {
            return Ok(Value::Missing);
        }
        write_time(generalized(text)?, cx)
    }
}

fn generalized(text: &str) -> Result<DateTime, Failure> {
    let mut scanner = Scanner::new(text);
    let (year, month, day, hour) = start(&mut scanner).ok_or_else(other_form)?;
    let minute: Option<i8> = scanner.number(2, 2);
    let second: Option<i8> = minute.and_then(|_| scanner.number(2, 2));
    let unit = match (minute, second) {
        (None, _) => 3600,
        (_, None) => 60,
        _ => 1,
    };
    let fraction = match scanner.eat_one(&['.', ',']) {
        Some(_) => i64::from(scanner.fraction().ok_or_else(other_form)?) * unit,
        None => 0,
    };
    if scanner.is_done() {
        return Err(missing_zone());
    }
    let offset = scanner.offset().filter(|_| scanner.is_done()).ok_or_else(other_form)?;
    let second = second.map_or(0, |second| if second == 60 { 59 } else { second });
    let local = Date::new(year, month, day)
        .and_then(|date| Ok(DateTime::from_parts(date, jiff::civil::Time::new(hour, minute.unwrap_or(0), second, 0)?)))
        .map_err(|_| nonexistent_date())?;
    local
        .checked_add(SignedDuration::from_nanos(fraction))
        .and_then(|local| local.checked_sub(SignedDuration::from_secs(i64::from(offset.seconds()))))
        .map_err(|_| out_of_range())
}

fn start(scanner: &mut Scanner<'_>) -> Option<(i16, i8, i8, i8)> {
    Some((scanner.number(4, 4)?, scanner.number(2, 2)?, scanner.number(2, 2)?, scanner.number(2, 2)?))
}

fn other_form() -> Failure {
    Failure::new("the text is not a generalized time")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn generalized_times() {
        for (text, wanted) in [
            ("20190830110205Z", Some("2019-08-30T11:02:05")),
            ("20190830110205.123456789+0130", Some("2019-08-30T09:32:05.123456789")),
            ("201908301102,5Z", Some("2019-08-30T11:02:30")),
            ("20190830110205+02", Some("2019-08-30T09:02:05")),
            ("20190230110205Z", None),
            ("20190830250205Z", None),
            ("20190830110205Zx", None),
            ("2019083011020Z", None),
        ] {
            assert_eq!(generalized(text).ok().map(|time| time.to_string()).as_deref(), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9]{0,16}[.,]?[0-9]{0,70}[Z+é-]?[0-9:]{0,6}") {
            let _ = generalized(&text);
        }
    }
}
