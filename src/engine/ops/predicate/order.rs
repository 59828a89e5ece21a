//! `less_than`, `at_most`, `more_than`, `at_least`: numbers compared by their exact values.

use std::cmp::Ordering;

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{need, present};
use crate::engine::ops::number::constant::numeric;
use crate::engine::ops::number::exact::{Exact, number};
use crate::model::{Kinds, Value};

const ARGUMENTS: &[ArgumentSpec] = &[ArgumentSpec::main("number", ArgumentKind::Operand, "the other number")];

const DETAILS: &str = "Text that reads like a number is treated as one. Numbers of any size are compared exactly. To \
    compare dates and times, use `is_before` and `is_after`.";

const FAILS: &str = "one of the operands is not a number";

/// The row of `less_than`.
pub const LESS_THAN: OpSpec = OpSpec {
    name: "less_than",
    family: Family::Predicate,
    summary: "tests whether a number is less than another",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"18"#, r#""17.5""#, "true"),
        example(r#"7"#, r#"7.0"#, "false"),
        example_failure("1", r#""one""#),
    ],
    build: |arguments| Compare::build(arguments, Ordering::is_lt),
};

/// The row of `at_most`.
pub const AT_MOST: OpSpec = OpSpec {
    name: "at_most",
    family: Family::Predicate,
    summary: "tests whether a number is less than or equal to another",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"7"#, r#"7.0"#, "true"),
        example(r#"9007199254740992"#, r#"9007199254740993"#, "false"),
        example_failure("1", r#""one""#),
    ],
    build: |arguments| Compare::build(arguments, Ordering::is_le),
};

/// The row of `more_than`.
pub const MORE_THAN: OpSpec = OpSpec {
    name: "more_than",
    family: Family::Predicate,
    summary: "tests whether a number is greater than another",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"0"#, r#""1e-400""#, "true"),
        example(r#"7"#, r#""007""#, "false"),
        example_failure("1", r#""one""#),
    ],
    build: |arguments| Compare::build(arguments, Ordering::is_gt),
};

/// The row of `at_least`.
pub const AT_LEAST: OpSpec = OpSpec {
    name: "at_least",
    family: Family::Predicate,
    summary: "tests whether a number is greater than or equal to another",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(r#"18"#, r#"18"#, "true"),
        example(r#""-1""#, r#"-1.5"#, "false"),
        example_failure("1", r#""one""#),
    ],
    build: |arguments| Compare::build(arguments, Ordering::is_ge),
};

#[derive(Debug)]
struct Compare {
    other: Operand,
    holds: fn(Ordering) -> bool,
}

impl Compare {
    fn build(arguments: &mut Arguments, holds: fn(Ordering) -> bool) -> Result<Box<dyn Op>, ArgumentError> {
        Ok(Box::new(Self { other: numeric(need(arguments.operand("number"), "number")?, "number")?, holds }))
    }
}

impl Op for Compare {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let other = present(&self.other, "number", cx)?;
        let ordering = match (input, other) {
            (Value::Int(a), Value::Int(b)) => a.cmp(&b),
            _ => number(input)?.cmp(&operand(other)?),
        };
        Ok(Value::Bool((self.holds)(ordering)))
    }
}

fn operand(value: Value<'_>) -> Result<Exact, Failure> {
    number(value).map_err(|_| Failure::new("the argument `number` is not a number"))
}
