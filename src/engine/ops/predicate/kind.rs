//! `is_present`, `is_text` and related steps: tests of the kind of a value.

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example};
use crate::engine::ops::number::exact::Exact;
use crate::engine::ops::text::is_blank as is_blank_char;
use crate::model::{Kinds, Value};

/// The row of `is_present`.
pub const IS_PRESENT: OpSpec = OpSpec {
    name: "is_present",
    family: Family::Predicate,
    summary: "tests whether there is a value: neither missing nor null",
    details: "An empty text, `0` and `false` are values.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: true,
    examples: &[example("", r#""""#, "true"), example("", r#"null"#, "false")],
    build: |_| Ok(Box::new(KindTest(is_present))),
};

/// The row of `is_missing`.
pub const IS_MISSING: OpSpec = OpSpec {
    name: "is_missing",
    family: Family::Predicate,
    summary: "tests whether there is no value: missing or null",
    details: "",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: true,
    examples: &[example("", r#"null"#, "true"), example("", r#"0"#, "false")],
    build: |_| Ok(Box::new(KindTest(is_missing))),
};

/// The row of `is_blank`.
pub const IS_BLANK: OpSpec = OpSpec {
    name: "is_blank",
    family: Family::Predicate,
    summary: "tests whether there is no value, only whitespace, or an empty text, list or object",
    details: "`0` and `false` are values.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: true,
    examples: &[
        example("", r#"" \u00a0""#, "true"),
        example("", r#"null"#, "true"),
        example("", r#"[]"#, "true"),
        example("", r#"false"#, "false"),
    ],
    build: |_| Ok(Box::new(KindTest(is_blank))),
};

/// The row of `is_text`.
pub const IS_TEXT: OpSpec = OpSpec {
    name: "is_text",
    family: Family::Predicate,
    summary: "tests whether the value is text",
    details: "A number or boolean in quotes is text.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#""7""#, "true"), example("", r#"7"#, "false")],
    build: |_| Ok(Box::new(KindTest(is_text))),
};

/// The row of `is_number`.
pub const IS_NUMBER: OpSpec = OpSpec {
    name: "is_number",
    family: Family::Predicate,
    summary: "tests whether the value is a number",
    details: "Text that reads like a number is text; `to_number` converts it.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"-0.5"#, "true"), example("", r#""7""#, "false")],
    build: |_| Ok(Box::new(KindTest(is_number))),
};

/// The row of `is_integer`.
pub const IS_INTEGER: OpSpec = OpSpec {
    name: "is_integer",
    family: Family::Predicate,
    summary: "tests whether the value is a whole number",
    details: "Numbers of any size count, and so do numbers with a zero fraction, as in JSON Schema.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"123456789012345678901"#, "true"),
        example("", r#"1.0"#, "true"),
        example("", r#"0.5"#, "false"),
        example("", r#""7""#, "false"),
    ],
    build: |_| Ok(Box::new(KindTest(is_integer))),
};

/// The row of `is_boolean`.
pub const IS_BOOLEAN: OpSpec = OpSpec {
    name: "is_boolean",
    family: Family::Predicate,
    summary: "tests whether the value is true or false",
    details: "",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"false"#, "true"), example("", r#""false""#, "false")],
    build: |_| Ok(Box::new(KindTest(is_boolean))),
};

/// The row of `is_list`.
pub const IS_LIST: OpSpec = OpSpec {
    name: "is_list",
    family: Family::Predicate,
    summary: "tests whether the value is a list",
    details: "",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"[]"#, "true"), example("", r#"{}"#, "false")],
    build: |_| Ok(Box::new(KindTest(is_list))),
};

/// The row of `is_object`.
pub const IS_OBJECT: OpSpec = OpSpec {
    name: "is_object",
    family: Family::Predicate,
    summary: "tests whether the value is an object",
    details: "",
    input: Kinds::ANY,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"{}"#, "true"), example("", r#"[]"#, "false")],
    build: |_| Ok(Box::new(KindTest(is_object))),
};

/// A test that depends on the value alone.
#[derive(Debug)]
struct KindTest(fn(Value<'_>) -> bool);

impl Op for KindTest {
    fn apply<'a>(&'a self, input: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Bool((self.0)(input)))
    }
}

fn is_present(value: Value<'_>) -> bool {
    value.is_present()
}

fn is_missing(value: Value<'_>) -> bool {
    !value.is_present()
}

fn is_blank(value: Value<'_>) -> bool {
    value.is_empty() || value.as_text().is_some_and(|text| text.chars().all(is_blank_char))
}

fn is_text(value: Value<'_>) -> bool {
    matches!(value, Value::Text(_))
}

fn is_number(value: Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::Decimal(_))
}

fn is_integer(value: Value<'_>) -> bool {
    match value {
        Value::Int(_) => true,
        Value::Decimal(text) => Exact::parse(text).is_some_and(|number| number.is_whole()),
        _ => false,
    }
}

fn is_boolean(value: Value<'_>) -> bool {
    matches!(value, Value::Bool(_))
}

fn is_list(value: Value<'_>) -> bool {
    matches!(value, Value::List(_))
}

fn is_object(value: Value<'_>) -> bool {
    matches!(value, Value::Object(_))
}
