//! `contains`, `contains_ignoring_case`, `has_key`, `matches`: tests of what a value contains.

use regex::Regex;

use super::folded_equal;
use crate::engine::condition::equal;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{need, present, text};
use crate::model::{Kinds, Value};

const VALUE: &[ArgumentSpec] = &[ArgumentSpec::main("value", ArgumentKind::Operand, "the text or element to look for")];

/// The row of `contains`.
pub const CONTAINS: OpSpec = OpSpec {
    name: "contains",
    family: Family::Predicate,
    summary: "tests whether a text contains another text, or a list an element",
    details: "Elements are compared as by `equals`. For the keys of an object, use `has_key`.",
    input: Kinds::TEXTUAL.or(Kinds::LIST),
    output: Output::Is(Kinds::BOOLEAN),
    arguments: VALUE,
    fails: "the argument has no value, or the value is a text and the argument is not text",
    takes_nothing: false,
    examples: &[
        example(r#""@""#, r#""ada@example.com""#, "true"),
        example("admin", r#"["staff", "admin"]"#, "true"),
        example("admin", r#"["administrator"]"#, "false"),
        example_failure("$item.role", r#"["admin"]"#),
    ],
    build: |arguments| Ok(Box::new(Contains { value: need(arguments.operand("value"), "value")?, fold: Fold::Exact })),
};

/// The row of `contains_ignoring_case`.
pub const CONTAINS_IGNORING_CASE: OpSpec = OpSpec {
    name: "contains_ignoring_case",
    family: Family::Predicate,
    summary: "tests whether a text contains another text, or a list a text, ignoring case",
    details: "Letters are compared in lower case.",
    input: Kinds::TEXTUAL.or(Kinds::LIST),
    output: Output::Is(Kinds::BOOLEAN),
    arguments: VALUE,
    fails: "the argument has no value or is not text",
    takes_nothing: false,
    examples: &[
        example("ada@example.com", r#"["ADA@Example.com"]"#, "true"),
        example("Example", r#""ada@EXAMPLE.com""#, "true"),
        example("grace", r#"["ada", 7, null]"#, "false"),
        example_failure("$item.email", r#"["ada"]"#),
    ],
    build: |arguments| Ok(Box::new(Contains { value: need(arguments.operand("value"), "value")?, fold: Fold::Case })),
};

/// The row of `has_key`.
pub const HAS_KEY: OpSpec = OpSpec {
    name: "has_key",
    family: Family::Predicate,
    summary: "tests whether an object has a member with this name",
    details: "A member that is null counts as present.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[ArgumentSpec::main("key", ArgumentKind::Operand, "the name")],
    fails: "the argument has no value or is not text",
    takes_nothing: false,
    examples: &[
        example("editor", r#"{ "editor": null }"#, "true"),
        example("1", r#"{ "0": "a" }"#, "false"),
        example_failure("$item.role", r#"{ "editor": true }"#),
    ],
    build: |arguments| Ok(Box::new(HasKey(need(arguments.operand("key"), "key")?))),
};

/// The row of `matches`.
pub const MATCHES: OpSpec = OpSpec {
    name: "matches",
    family: Family::Predicate,
    summary: "tests whether a regex matches anywhere in a text",
    details: "Put `^` and `$` around the pattern to match the whole text.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[ArgumentSpec::main("pattern", ArgumentKind::Regex, "the pattern")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example(r#""^[0-9a-f]{32}$""#, r#""c7b7278e06acf48828dbae1b1e3bd943""#, "true"),
        example(r#""(?i)^\\{ssha\\}""#, r#""{MD5}abc""#, "false"),
        example(r#""7""#, "1789", "true"),
    ],
    build: |arguments| Ok(Box::new(Matches(need(arguments.regex("pattern"), "pattern")?))),
};

#[derive(Debug, Clone, Copy)]
enum Fold {
    Exact,
    Case,
}

#[derive(Debug)]
struct Contains {
    value: Operand,
    fold: Fold,
}

impl Op for Contains {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let found = match (input, self.fold) {
            (Value::List(items), Fold::Exact) => {
                let value = present(&self.value, "value", cx)?;
                items.iter().any(|item| equal(*item, value))
            }
            (Value::List(items), Fold::Case) => {
                let value = text(&self.value, "value", cx)?;
                items.iter().any(|item| item.scalar_text(cx.arena).is_some_and(|item| folded_equal(item, value)))
            }
            (_, Fold::Exact) => cx.text(input)?.contains(text(&self.value, "value", cx)?),
            (_, Fold::Case) => {
                let value = text(&self.value, "value", cx)?.to_lowercase();
                cx.text(input)?.to_lowercase().contains(&value)
            }
        };
        Ok(Value::Bool(found))
    }
}

#[derive(Debug)]
struct HasKey(Operand);

impl Op for HasKey {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let key = text(&self.0, "key", cx)?;
        let members = input.as_object().ok_or_else(|| Failure::kind(Kinds::OBJECT, input))?;
        Ok(Value::Bool(members.iter().any(|(have, _)| *have == key)))
    }
}

#[derive(Debug)]
struct Matches(Regex);

impl Op for Matches {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Bool(self.0.is_match(cx.text(input)?)))
    }
}
