//! `add_time`: a time or date some span later or earlier.

use jiff::Span;

use super::iso;
use super::moment::{write_date, write_time};
use super::zone::{Zone, out_of_range};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "add_time",
    family: Family::Time,
    summary: "adds a span to a time or date",
    details: "The span is an ISO 8601 duration (`P90D`, `-PT1H30M`) or words (`90 days`, `1 hour ago`). Months and years \
        keep the day where they can: a month after 31 January is the last of February. Days are those of UTC.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("span", ArgumentKind::Text, "what to add; negative to subtract")],
    fails: "the text is no date or time with an offset, hours are added to a date, or the sum is outside the years 1 to 9999",
    takes_nothing: false,
    examples: &[
        example("P90D", r#""2024-03-15T10:20:30Z""#, r#""2024-06-13T10:20:30Z""#),
        example("1 month", r#""2024-01-31""#, r#""2024-02-29""#),
        example("-PT1H30M", r#""2024-03-15T00:20:30.5Z""#, r#""2024-03-14T22:50:30.5Z""#),
        example_failure("PT1H", r#""2024-01-31""#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug)]
struct AddTime {
    span: Span,
    /// Whether the span has hours or less.
    has_time: bool,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let text = arguments.need_text("span")?;
    let span: Span = text.parse().map_err(|_| {
        ArgumentError::new("span", format!("`{text}` is no span of time"), "write `P90D`, `PT1H30M` or `90 days`")
    })?;
    let small = [
        span.get_minutes(),
        span.get_seconds(),
        span.get_milliseconds(),
        span.get_microseconds(),
        span.get_nanoseconds(),
    ];
    let has_time = span.get_hours() != 0 || small.iter().any(|part| *part != 0);
    Ok(Box::new(AddTime { span, has_time }))
}

impl Op for AddTime {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let read = iso::read(cx.text(input)?)?;
        if read.time.is_some() {
            let utc = read.utc(&Zone::None, cx)?;
            return write_time(utc.checked_add(self.span).map_err(|_| out_of_range())?, cx);
        }
        if self.has_time {
            return Err(Failure::new("hours cannot be added to a date"));
        }
        write_date(read.date.checked_add(self.span).map_err(|_| out_of_range())?, cx)
    }
}
