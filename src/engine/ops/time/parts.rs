//! `date_parts`: builds a date from an object with year, month and day.

use jiff::civil::{Date, Time};

use super::decimal::scaled;
use super::iso::nonexistent_time;
use super::moment::{Read, TO, Target, ZONE, nonexistent_date};
use super::zone::Zone;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure, example_nothing,
};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "date_parts",
    family: Family::Time,
    summary: "builds a date or time from an object with `year`, `month` and `day`",
    details: "If `hour`, `minute` and `second` are present too, the result is a time, which needs `zone`. Parts are \
              numbers or numbers as text, padded or not, as in Drupal's serialized date fields. If year, month and day \
              are all absent, blank or zero, the result is no value.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ZONE, TO],
    fails: "a part is absent or not a whole number, or the day or time of day does not exist",
    takes_nothing: false,
    examples: &[
        example("", r#"{ "month": "2", "day": "29", "year": "1984" }"#, r#""1984-02-29""#),
        example("{ zone: UTC }", r#"{ "year": 2024, "month": 3, "day": 5, "hour": 7 }"#, r#""2024-03-05T07:00:00Z""#),
        example_nothing("", r#"{ "year": "", "month": "", "day": "0" }"#),
        example_failure("", r#"{ "year": 2023, "month": 2, "day": 29 }"#),
        example_failure("", r#"{ "month": 2, "day": 29 }"#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug)]
struct DateParts {
    zone: Zone,
    target: Target,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    Ok(Box::new(DateParts { zone: Zone::take(arguments)?, target: Target::take(arguments) }))
}

impl Op for DateParts {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let [year, month, day] = ["year", "month", "day"].map(|key| part(input, key, cx));
        let (year, month, day) = (year?, month?, day?);
        if [year, month, day].iter().all(|part| part.is_none_or(|part| part == 0)) {
            return Ok(Value::Missing);
        }
        let date = date(year, month, day)?;
        let [hour, minute, second] = ["hour", "minute", "second"].map(|key| part(input, key, cx));
        let (hour, minute, second) = (hour?, minute?, second?);
        if hour.is_none() && (minute.is_some() || second.is_some()) {
            return Err(Failure::new("the object has a minute or second but no `hour`"));
        }
        let time = match hour {
            None => None,
            Some(hour) => Some(time(hour, minute.unwrap_or(0), second.unwrap_or(0)).ok_or_else(nonexistent_time)?),
        };
        Read { date, time, zone: None }.finish(&self.zone, self.target, cx)
    }
}

fn date(year: Option<i64>, month: Option<i64>, day: Option<i64>) -> Result<Date, Failure> {
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Err(Failure::new("the object must have `year`, `month` and `day`"));
    };
    let small = |part: i64| i8::try_from(part).map_err(|_| nonexistent_date());
    let year = i16::try_from(year).map_err(|_| nonexistent_date())?;
    Date::new(year, small(month)?, small(day)?).map_err(|_| nonexistent_date())
}

fn time(hour: i64, minute: i64, second: i64) -> Option<Time> {
    let small = |part: i64| i8::try_from(part).ok();
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()
}

/// A part, or `None` if it is absent or blank.
fn part<'a>(object: Value<'a>, key: &'static str, cx: &Cx<'a>) -> Result<Option<i64>, Failure> {
    let value = object.member(key);
    if !value.is_present() {
        return Ok(None);
    }
    let text = cx.text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let whole = !text.contains(['.', 'e', 'E']);
    let number = scaled(text, 0).filter(|_| whole).and_then(|number| i64::try_from(number).ok());
    number.map(Some).ok_or_else(|| Failure::new(format!("`{key}` is not a whole number")))
}
