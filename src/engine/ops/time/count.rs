//! `epoch`: converts seconds, milliseconds, microseconds or nanoseconds since 1970.

use super::decimal::scaled;
use super::moment::{from_unix_nanos, write_time};
use crate::engine::condition::equal;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
    example_failure, example_nothing,
};
use crate::engine::operand::Operands;
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "epoch",
    family: Family::Time,
    summary: "converts a number of units since 1970-01-01 UTC to a time",
    details: "Accepts numbers and numbers as text, with or without a fraction; precision is kept down to the \
              nanosecond. Zero is the start of 1970; where it means `never`, list it in `none`. With `auto`, the unit \
              is derived from the magnitude: below 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, \
              otherwise nanoseconds. Milliseconds before March 1973 are then mistaken for seconds, so give the unit if \
              it is known.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional(
            "unit",
            ArgumentKind::Choice(&["s", "ms", "us", "ns", "auto"]),
            "the unit; `s` by default",
        ),
        ArgumentSpec::optional("none", ArgumentKind::Operands, "values to treat as no value, such as 0"),
    ],
    fails: "the text is not a number, or the time is outside the years 1 to 9999",
    takes_nothing: false,
    examples: &[
        example("", "1571044331.274", r#""2019-10-14T09:12:11.274Z""#),
        example("ms", r#""1583599512905""#, r#""2020-03-07T16:45:12.905Z""#),
        example("auto", "1583599512905", r#""2020-03-07T16:45:12.905Z""#),
        example("s", "0", r#""1970-01-01T00:00:00Z""#),
        example_nothing("{ unit: s, none: [0] }", r#""0""#),
        example_failure("", r#""yesterday""#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug)]
struct Epoch {
    /// The power of ten that converts the unit to nanoseconds; `None` for `auto`.
    scale: Option<i32>,
    none: Operands,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let scale = match arguments.text("unit").as_deref() {
        Some("auto") => None,
        Some("ms") => Some(6),
        Some("us") => Some(3),
        Some("ns") => Some(0),
        _ => Some(9),
    };
    Ok(Box::new(Epoch { scale, none: arguments.operands("none").unwrap_or_default() }))
}

impl Op for Epoch {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if self.none.any(cx, |none| equal(none, input)) {
            return Ok(Value::Missing);
        }
        let text = cx.text(input)?;
        let scale = match self.scale {
            Some(scale) => scale,
            None => guess(scaled(text, 0).ok_or_else(not_a_number)?),
        };
        write_time(from_unix_nanos(scaled(text, scale).ok_or_else(not_a_number)?)?, cx)
    }
}

fn guess(count: i128) -> i32 {
    match count.unsigned_abs() {
        0..100_000_000_000 => 9,
        100_000_000_000..100_000_000_000_000 => 6,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        _ => 0,
    }
}

fn not_a_number() -> Failure {
    Failure::new("the value is not a number")
}
