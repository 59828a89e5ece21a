//! `dotnet_date`, `extended_json_date`: two representations of times in JSON.

use jiff::civil::DateTime;

use super::decimal::scaled;
use super::iso;
use super::moment::{from_unix_nanos, write_time};
use super::scan::Scanner;
use super::zone::Zone;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure, example_nothing,
};
use crate::model::{Kinds, Value};

/// The row of `dotnet_date`.
pub const DOTNET_DATE: OpSpec = OpSpec {
    name: "dotnet_date",
    family: Family::Time,
    summary: "parses a JSON date of older .NET programs",
    details: "Reads `/Date(1571044331274+0200)/`, as written by `DataContractJsonSerializer` and ASP.NET AJAX: \
              milliseconds since 1970 UTC. The offset only records the local time zone and is ignored. \
              `DateTime.MinValue`, the year 1, is the value of an unset `DateTime` and gives no value.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "the text does not have this format",
    takes_nothing: false,
    examples: &[
        example("", r#""/Date(1571044331274+0200)/""#, r#""2019-10-14T09:12:11.274Z""#),
        example("", r#""\\/Date(-62135596799000)\\/""#, r#""0001-01-01T00:00:01Z""#),
        example_nothing("", r#""/Date(-62135596800000)/""#),
        example_failure("", r#""Date(0)""#),
    ],
    build: |_| Ok(Box::new(DotnetDate)),
};

/// `DateTime.MinValue` in milliseconds since 1970.
const MIN_VALUE: i64 = -62_135_596_800_000;

#[derive(Debug)]
struct DotnetDate;

impl Op for DotnetDate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let millis = dotnet_millis(cx.text(input)?).ok_or_else(|| Failure::new("the text is not a .NET JSON date"))?;
        if millis == MIN_VALUE {
            return Ok(Value::Missing);
        }
        write_time(from_unix_nanos(i128::from(millis) * 1_000_000)?, cx)
    }
}

fn dotnet_millis(text: &str) -> Option<i64> {
    let inner = text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"))
        .or_else(|| text.strip_prefix("\\/Date(").and_then(|rest| rest.strip_suffix(")\\/")))?;
    let mut scanner = Scanner::new(inner);
    let negative = scanner.eat("-");
    let millis: i64 = scanner.number(1, 18)?;
    if !scanner.is_done() {
        scanner.eat_one(&['+', '-'])?;
        scanner.digits(4, 4)?;
    }
    scanner.is_done().then_some(if negative { -millis } else { millis })
}

/// The row of `extended_json_date`.
pub const EXTENDED_JSON_DATE: OpSpec = OpSpec {
    name: "extended_json_date",
    family: Family::Time,
    summary: "parses a date in MongoDB Extended JSON",
    details: "Reads `{\"$date\": …}` with an ISO 8601 time, with milliseconds, or with `{\"$numberLong\": \"…\"}` \
              (MongoDB Extended JSON v1 and v2, relaxed and canonical), as written by `mongoexport` and in Auth0's \
              password exports.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::optional("none", ArgumentKind::Texts, "times to treat as no value, as written")],
    fails: "the object is not such a date",
    takes_nothing: false,
    examples: &[
        example("", r#"{ "$date": "2021-05-02T07:15:30.120Z" }"#, r#""2021-05-02T07:15:30.12Z""#),
        example("", r#"{ "$date": { "$numberLong": "1571044331274" } }"#, r#""2019-10-14T09:12:11.274Z""#),
        example("", r#"{ "$date": 1571044331274 }"#, r#""2019-10-14T09:12:11.274Z""#),
        example_failure("", r#"{ "$oid": "8286297b485b1aaf60bea7ff" }"#),
    ],
    build: |arguments| Ok(Box::new(ExtendedJsonDate(arguments.texts("none").unwrap_or_default()))),
};

#[derive(Debug)]
struct ExtendedJsonDate(Vec<String>);

impl Op for ExtendedJsonDate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let date = input.member("$date");
        let date = if matches!(date, Value::Object(_)) { date.member("$numberLong") } else { date };
        let text = cx.text(date).map_err(|_| missing_date())?;
        if self.0.iter().any(|none| none == text) {
            return Ok(Value::Missing);
        }
        write_time(extended(text, cx)?, cx)
    }
}

fn extended(text: &str, cx: &Cx<'_>) -> Result<DateTime, Failure> {
    match scaled(text, 6) {
        Some(nanos) => from_unix_nanos(nanos),
        None => iso::read(text)?.utc(&Zone::None, cx),
    }
}

fn missing_date() -> Failure {
    Failure::new("the object has no `$date`")
}
