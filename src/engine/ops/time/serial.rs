//! `excel_date`: converts the day numbers of spreadsheets.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::decimal::scaled;
use super::moment::{Read, TO, Target, ZONE, nonexistent_date};
use super::zone::{Zone, out_of_range};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "excel_date",
    family: Family::Time,
    summary: "converts a spreadsheet's day number to a date or time",
    details: "Spreadsheets store dates as days since 1899-12-30 and the time of day as a fraction (ECMA-376 part 1, \
              18.17.4); a CSV file contains the number if the column was not formatted as a date. A whole number gives \
              a date, any other number a time, rounded to the millisecond, which needs `zone`. Day 60 is 29 February \
              1900, which exists only in Lotus 1-2-3; it fails, and days before it are counted from 1899-12-31. Old \
              Macintosh files count from 1904.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional(
            "from",
            ArgumentKind::Choice(&["1900", "1904"]),
            "the date system of the workbook; 1900 by default",
        ),
        ZONE,
        TO,
    ],
    fails: "the value is not a day number, or has a time of day and no zone is declared",
    takes_nothing: false,
    examples: &[
        example("", "45366", r#""2024-03-15""#),
        example("{ zone: UTC }", r#""45366.5""#, r#""2024-03-15T12:00:00Z""#),
        example("{ zone: Europe/Berlin }", "43752.38346064815", r#""2019-10-14T07:12:11Z""#),
        example("\"1904\"", "43904", r#""2024-03-15""#),
        example_failure("", "60"),
    ],
    build,
};

const NANOS_OF_DAY: i128 = 86_400 * 1_000_000_000;

#[derive(Debug)]
struct ExcelDate {
    from_1904: bool,
    zone: Zone,
    target: Target,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    Ok(Box::new(ExcelDate {
        from_1904: arguments.text("from").as_deref() == Some("1904"),
        zone: Zone::take(arguments)?,
        target: Target::take(arguments),
    }))
}

impl Op for ExcelDate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        // fifteen decimals are more than a double has after a day number
        let days =
            scaled(text, 15).filter(|days| *days >= 0).ok_or_else(|| Failure::new("the value is not a day number"))?;
        let unit = 10_i128.pow(15);
        let (whole, fraction) = (days.div_euclid(unit), days.rem_euclid(unit));
        let millisecond = 1_000_000;
        let nanos = (fraction * NANOS_OF_DAY / unit + millisecond / 2) / millisecond * millisecond;
        let start = DateTime::from(self.day_zero(whole)?);
        let seconds =
            whole.checked_mul(86_400).and_then(|seconds| i64::try_from(seconds).ok()).ok_or_else(out_of_range)?;
        let nanos = SignedDuration::from_nanos(i64::try_from(nanos).map_err(|_| out_of_range())?);
        let local = start
            .checked_add(SignedDuration::from_secs(seconds))
            .and_then(|local| local.checked_add(nanos))
            .map_err(|_| out_of_range())?;
        let time = (fraction != 0).then(|| local.time());
        Read { date: local.date(), time, zone: None }.finish(&self.zone, self.target, cx)
    }
}

impl ExcelDate {
    fn day_zero(&self, day: i128) -> Result<Date, Failure> {
        match day {
            _ if self.from_1904 => Ok(Date::constant(1904, 1, 1)),
            60 => Err(nonexistent_date()),
            0..60 => Ok(Date::constant(1899, 12, 31)),
            _ => Ok(Date::constant(1899, 12, 30)),
        }
    }
}
