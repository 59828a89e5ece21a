//! `equals`, `equals_ignoring_case`, `one_of`: equality, as conditions define it.

use super::folded_equal;
use crate::engine::condition::{equal, equals, equals_one_of, is_scalar};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::engine::operand::{Operand, Operands};
use crate::engine::ops::arguments::{need, text};
use crate::model::{Kinds, Value};

/// The row of `equals`.
pub const EQUALS: OpSpec = OpSpec {
    name: "equals",
    family: Family::Predicate,
    summary: "tests whether the value equals another value",
    details: "Scalars are equal if their texts are: `1` equals `\"1\"` and `true` equals `\"true\"`, but `1.0` does \
              not equal `1`. To compare numbers, use `at_least` and related steps. Lists and objects are compared \
              member by member; a scalar also equals a reference to a list that contains it, such as a parameter. A \
              reference without a value equals nothing.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[ArgumentSpec::main("value", ArgumentKind::Operand, "the other value")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("1", r#""1""#, "true"),
        example("active", r#""Active""#, "false"),
        example("{ value: [a, 1] }", r#"["a", "1"]"#, "true"),
    ],
    build: |arguments| Ok(Box::new(Equals(need(arguments.operand("value"), "value")?))),
};

/// The row of `equals_ignoring_case`.
pub const EQUALS_IGNORING_CASE: OpSpec = OpSpec {
    name: "equals_ignoring_case",
    family: Family::Predicate,
    summary: "tests whether two texts are equal, ignoring case",
    details: "Letters are compared in lower case. Whitespace and accents matter.",
    input: Kinds::SCALAR,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[ArgumentSpec::main("text", ArgumentKind::Operand, "the other text")],
    fails: "the argument has no value or is not text",
    takes_nothing: false,
    examples: &[
        example("ines.valdez@example.org", r#""Ines.VALDEZ@example.org""#, "true"),
        example("élodie", r#""Elodie""#, "false"),
        example_failure("$item.email", r#""ada""#),
    ],
    build: |arguments| Ok(Box::new(EqualsIgnoringCase(need(arguments.operand("text"), "text")?))),
};

/// The row of `one_of`.
pub const ONE_OF: OpSpec = OpSpec {
    name: "one_of",
    family: Family::Predicate,
    summary: "tests whether the value equals one of several values",
    details: "Compares as `equals` does. A reference to a list stands for its elements.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the values")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("[active, 1]", "1", "true"),
        example("[active, locked]", r#""deleted""#, "false"),
        example("{ values: [[active, locked]] }", r#""locked""#, "true"),
    ],
    build: |arguments| Ok(Box::new(OneOf(need(arguments.operands("values"), "values")?))),
};

#[derive(Debug)]
struct Equals(Operand);

impl Op for Equals {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let is_among = match &self.0 {
            Operand::Reference(_) if input.is_present() => {
                self.0.value(cx).as_list().is_some_and(|items| items.iter().any(|item| equal(input, *item)))
            }
            _ => false,
        };
        Ok(Value::Bool(is_among || equals(input, &self.0, cx)))
    }

    fn compares_scalars<'a>(&'a self, cx: &Cx<'a>) -> bool {
        let other = self.0.value(cx);
        let is_reference = matches!(self.0, Operand::Reference(_));
        is_scalar(other)
            || is_reference && other.as_list().is_some_and(|items| items.iter().any(|item| is_scalar(*item)))
    }
}

#[derive(Debug)]
struct EqualsIgnoringCase(Operand);

impl Op for EqualsIgnoringCase {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let have = input.scalar_text(cx.arena).ok_or_else(|| Failure::kind(Kinds::SCALAR, input))?;
        Ok(Value::Bool(folded_equal(have, text(&self.0, "text", cx)?)))
    }
}

#[derive(Debug)]
struct OneOf(Operands);

impl Op for OneOf {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Bool(equals_one_of(input, &self.0, cx)))
    }

    fn compares_scalars<'a>(&'a self, cx: &Cx<'a>) -> bool {
        self.0.any(cx, is_scalar)
    }
}
