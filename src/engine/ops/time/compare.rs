//! `is_before`, `is_after`: the order of times.

use std::cmp::Ordering;

use jiff::civil::DateTime;

use super::iso;
use super::zone::Zone;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::constant;
use crate::model::{Kinds, Value};

const DETAILS: &str = "Compares instants, regardless of offsets and fractions. A date stands for its start in UTC. \
    Values must be ISO 8601 dates, or times with an offset, as returned by `date` and related steps; `$facts.now` is \
    the time of the run.";

const FAILS: &str = "one of the operands is not an ISO 8601 date or time, or a time has no offset";

const ARGUMENTS: &[ArgumentSpec] =
    &[ArgumentSpec::main("time", ArgumentKind::Operand, "the time or date to compare with")];

/// The row of `is_before`.
pub const IS_BEFORE: OpSpec = OpSpec {
    name: "is_before",
    family: Family::Predicate,
    summary: "tests whether a time is before another",
    details: DETAILS,
    input: Kinds::TEXT,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example("\"2024-01-01\"", r#""2023-12-31T23:59:59.9Z""#, "true"),
        example("\"2024-01-01\"", r#""2024-01-01T00:30:00+01:00""#, "true"),
        example("\"2024-01-01\"", r#""2024-01-01""#, "false"),
        example_failure("\"2024-01-01\"", r#""soon""#),
    ],
    build: |arguments| build(arguments, Ordering::Less),
};

/// The row of `is_after`.
pub const IS_AFTER: OpSpec = OpSpec {
    name: "is_after",
    family: Family::Predicate,
    summary: "tests whether a time is after another",
    details: DETAILS,
    input: Kinds::TEXT,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example("\"2024-01-01T00:00:00Z\"", r#""9999-12-31T23:59:59.9999999+00:00""#, "true"),
        example("\"2024-01-01T00:00:00Z\"", r#""2024-01-01T01:00:00+01:00""#, "false"),
        example_failure("\"2024-01-01\"", r#""2024-01-01T01:00:00""#),
    ],
    build: |arguments| build(arguments, Ordering::Greater),
};

#[derive(Debug)]
struct Compare {
    other: Operand,
    wanted: Ordering,
}

fn build(arguments: &mut Arguments, wanted: Ordering) -> Result<Box<dyn Op>, ArgumentError> {
    let other = arguments.operand("time").ok_or_else(|| ArgumentError::new("time", "is missing", "give `time`"))?;
    const HELP: &str = "write `2024-01-31` or `2024-01-31T00:00:00Z`";
    match constant(&other) {
        Some(Value::Text(text)) => match iso::read(text) {
            Ok(read) if read.time.is_some() && read.zone.is_none() => {
                let message = format!("`{text}` has no offset");
                return Err(ArgumentError::new("time", message, format!("write `{text}Z` for UTC")));
            }
            Ok(_) => {}
            Err(_) => {
                let message = format!("`{text}` is not an ISO 8601 date or time");
                return Err(ArgumentError::new("time", message, HELP));
            }
        },
        Some(Value::Int(year @ 1000..=9999)) => {
            let message = format!("`{year}` is a number, not a date");
            return Err(ArgumentError::new("time", message, format!("write `{year}-01-01`")));
        }
        Some(_) => return Err(ArgumentError::new("time", "is not a date or time", HELP)),
        None => {}
    }
    Ok(Box::new(Compare { other, wanted }))
}

impl Op for Compare {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let other = self.other.value(cx);
        if !other.is_present() {
            return Err(Failure::new("the argument `time` has no value"));
        }
        Ok(Value::Bool(moment(input, cx)?.cmp(&moment(other, cx)?) == self.wanted))
    }
}

fn moment<'a>(value: Value<'a>, cx: &Cx<'a>) -> Result<DateTime, Failure> {
    let text = value.as_text().ok_or_else(|| Failure::kind(Kinds::TEXT, value))?;
    let read = iso::read(text)?;
    if read.time.is_none() { Ok(read.local()) } else { read.utc(&Zone::None, cx) }
}
