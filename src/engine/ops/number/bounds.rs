//! `clamp`, `sum`, `min`, `max`: limits on a number, and aggregates of lists.

use super::convert::to_value;
use super::exact::{Exact, number};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
    example_nothing,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::present;
use crate::engine::ops::number::constant::numeric;
use crate::model::{Kinds, Value};

const LIST_DETAILS: &str = "Missing and null elements are skipped; text that reads like a number is treated as one.";

/// The row of `clamp`.
pub const CLAMP: OpSpec = OpSpec {
    name: "clamp",
    family: Family::Number,
    summary: "limits a number to a range",
    details: "A number below `min` becomes `min`, and one above `max` becomes `max`. If `min` is greater than `max`, \
              `max` wins.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER.or(Kinds::TEXT)),
    arguments: &[
        ArgumentSpec::optional("min", ArgumentKind::Operand, "the smallest number"),
        ArgumentSpec::optional("max", ArgumentKind::Operand, "the greatest number"),
    ],
    fails: "the value or a bound is not a number",
    takes_nothing: false,
    examples: &[
        example("{ min: 0, max: 100 }", "-3", "0"),
        example("{ min: 0 }", "7.50", "7.50"),
        example_failure("{ max: 100 }", r#""many""#),
    ],
    build: |arguments| {
        let (min, max) = (arguments.operand("min"), arguments.operand("max"));
        if min.is_none() && max.is_none() {
            return Err(ArgumentError::new("min", "is missing", "give `min`, `max` or both"));
        }
        let number = |bound: Option<Operand>, name| bound.map(|bound| numeric(bound, name)).transpose();
        Ok(Box::new(Clamp { min: number(min, "min")?, max: number(max, "max")? }))
    },
};

/// The row of `sum`.
pub const SUM: OpSpec = OpSpec {
    name: "sum",
    family: Family::Number,
    summary: "adds up a list of numbers",
    details: "Missing and null elements are skipped; text that reads like a number is treated as one. The sum of an \
              empty list is 0. Decimals are added as written.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::NUMBER),
    arguments: &[],
    fails: "an element is not a number, or the sum has more than 38 digits",
    takes_nothing: false,
    examples: &[
        example("", r#"[0.1, "0.2", null]"#, "0.3"),
        example("", "[]", "0"),
        example_failure("", r#"[1, "two"]"#),
    ],
    build: |_| Ok(Box::new(Fold::Sum)),
};

/// The row of `min`.
pub const MIN: OpSpec = OpSpec {
    name: "min",
    family: Family::Number,
    summary: "returns the smallest number of a list",
    details: LIST_DETAILS,
    input: Kinds::LIST,
    output: Output::Element,
    arguments: &[],
    fails: "an element is not a number",
    takes_nothing: false,
    examples: &[
        example("", r#"[10, "9.5", null]"#, r#""9.5""#),
        example_nothing("", "[null]"),
        example_failure("", r#"[1, "two"]"#),
    ],
    build: |_| Ok(Box::new(Fold::Min)),
};

/// The row of `max`.
pub const MAX: OpSpec = OpSpec {
    name: "max",
    family: Family::Number,
    summary: "returns the greatest number of a list",
    details: LIST_DETAILS,
    input: Kinds::LIST,
    output: Output::Element,
    arguments: &[],
    fails: "an element is not a number",
    takes_nothing: false,
    examples: &[
        example("", "[1583599512905, 1668753609250]", "1668753609250"),
        example_nothing("", "[]"),
        example_failure("", r#"[true]"#),
    ],
    build: |_| Ok(Box::new(Fold::Max)),
};

#[derive(Debug)]
struct Clamp {
    min: Option<Operand>,
    max: Option<Operand>,
}

impl Op for Clamp {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut value = input;
        let mut exact = number(input)?;
        for (name, bound) in [("min", &self.min), ("max", &self.max)] {
            let Some(bound) = bound else { continue };
            let bound = present(bound, name, cx)?;
            let limit = number(bound).map_err(|_| Failure::new(format!("the argument `{name}` is not a number")))?;
            let beyond = if name == "min" { exact < limit } else { exact > limit };
            if beyond {
                (value, exact) = (bound, limit);
            }
        }
        Ok(value)
    }
}

#[derive(Debug)]
enum Fold {
    Sum,
    Min,
    Max,
}

impl Op for Fold {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let items = input.as_list().ok_or_else(|| Failure::kind(Kinds::LIST, input))?;
        let mut best: Option<(Exact, Value<'a>)> = None;
        let mut sum = Exact::int(0);
        for item in items.iter().copied().filter(|item| item.is_present()) {
            let exact = number(item)?;
            let better = match (self, &best) {
                (Self::Sum, _) => {
                    sum = sum.checked_add(&exact).ok_or_else(|| Failure::new("the sum cannot be computed exactly"))?;
                    false
                }
                (Self::Min, Some((best, _))) => exact < *best,
                (Self::Max, Some((best, _))) => exact > *best,
                (_, None) => true,
            };
            if better {
                best = Some((exact, item));
            }
        }
        match self {
            Self::Sum => to_value(&sum, cx),
            _ => Ok(best.map_or(Value::Missing, |(_, value)| value)),
        }
    }
}
