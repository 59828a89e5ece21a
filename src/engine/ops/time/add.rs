//! `add_time`: adds a duration to a time or date.

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
    summary: "adds a duration to a time or date",
    details: "The duration is an ISO 8601 duration (`P90D`, `-PT1H30M`), words (`90 days`, `1 hour ago`), or numbers \
              by name, which can be read from the record or a parameter: `{ years: 1, days: $params.grace }`. Years \
              and months keep the day of the month where possible: a month after 31 January is the last day of \
              February. Days are counted in UTC.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional("span", ArgumentKind::Text, "the duration to add; negative to subtract"),
        ArgumentSpec::optional("years", ArgumentKind::Integer, "years to add, instead of `span`"),
        ArgumentSpec::optional("months", ArgumentKind::Integer, "months to add"),
        ArgumentSpec::optional("weeks", ArgumentKind::Integer, "weeks to add"),
        ArgumentSpec::optional("days", ArgumentKind::Integer, "days to add"),
        ArgumentSpec::optional("hours", ArgumentKind::Integer, "hours to add"),
        ArgumentSpec::optional("minutes", ArgumentKind::Integer, "minutes to add"),
        ArgumentSpec::optional("seconds", ArgumentKind::Integer, "seconds to add"),
    ],
    fails: "the text is not a date or a time with an offset, hours are added to a date, or the result is outside the \
            years 1 to 9999",
    takes_nothing: false,
    examples: &[
        example("P90D", r#""2024-03-15T10:20:30Z""#, r#""2024-06-13T10:20:30Z""#),
        example("1 month", r#""2024-01-31""#, r#""2024-02-29""#),
        example("-PT1H30M", r#""2024-03-15T00:20:30.5Z""#, r#""2024-03-14T22:50:30.5Z""#),
        example("{ years: 1, days: -1 }", r#""2024-02-29""#, r#""2025-02-27""#),
        example_failure("PT1H", r#""2024-01-31""#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug)]
struct AddTime {
    /// The spans, added one by one, because a span has a single sign.
    spans: Vec<Span>,
    /// Whether a span has hours or smaller units.
    has_time: bool,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let text = arguments.text("span");
    let numbers = numbers(arguments)?;
    let spans = match (text, numbers) {
        (Some(text), None) => vec![text.parse().map_err(|_| {
            ArgumentError::new("span", format!("`{text}` is not a duration"), "write `P90D`, `PT1H30M` or `90 days`")
        })?],
        (None, Some(spans)) => spans.to_vec(),
        (Some(_), Some(_)) => {
            return Err(ArgumentError::new(
                "span",
                "cannot be combined with named numbers",
                "give either `span` or named numbers",
            ));
        }
        (None, None) => {
            return Err(ArgumentError::new("span", "is missing", "write `add_time: P90D` or `add_time: { days: 90 }`"));
        }
    };
    let has_time = spans.iter().any(has_time);
    Ok(Box::new(AddTime { spans, has_time }))
}

fn has_time(span: &Span) -> bool {
    let small = [
        span.get_minutes(),
        span.get_seconds(),
        span.get_milliseconds(),
        span.get_microseconds(),
        span.get_nanoseconds(),
    ];
    span.get_hours() != 0 || small.iter().any(|part| *part != 0)
}

type Make = fn(Span, i64) -> Result<Span, jiff::Error>;

/// Months, days and seconds, each with the arguments that count them and the factor of each argument.
const PARTS: [(Make, &[(&str, i64)]); 3] = [
    (Span::try_months, &[("years", 12), ("months", 1)]),
    (Span::try_days, &[("weeks", 7), ("days", 1)]),
    (Span::try_seconds, &[("hours", 3600), ("minutes", 60), ("seconds", 1)]),
];

/// The spans of the parts that are given by name, if any.
fn numbers(arguments: &mut Arguments) -> Result<Option<[Span; 3]>, ArgumentError> {
    let mut spans = [Span::new(); 3];
    let mut is_given = false;
    for (span, (make, names)) in spans.iter_mut().zip(PARTS) {
        let mut total = 0_i64;
        for (name, size) in names {
            let Some(number) = arguments.integer(name) else { continue };
            is_given = true;
            let far = || ArgumentError::new(name, "is out of range", "give a smaller number");
            total = number.checked_mul(*size).and_then(|more| total.checked_add(more)).ok_or_else(far)?;
            *span = make(Span::new(), total).map_err(|_| far())?;
        }
    }
    Ok(is_given.then_some(spans))
}

impl Op for AddTime {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let read = iso::read(cx.text(input)?)?;
        if read.time.is_some() {
            let utc = read.utc(&Zone::None, cx)?;
            let moved = self.spans.iter().try_fold(utc, |utc, span| utc.checked_add(*span));
            return write_time(moved.map_err(|_| out_of_range())?, cx);
        }
        if self.has_time {
            return Err(Failure::new("cannot add hours to a date"));
        }
        let moved = self.spans.iter().try_fold(read.date, |date, span| date.checked_add(*span));
        write_date(moved.map_err(|_| out_of_range())?, cx)
    }
}
