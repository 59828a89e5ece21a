//! `concat`, `merge`, `to_list`: combine several values into one.

use bumpalo::collections::Vec as ArenaVec;

use super::support::{Members, Plain, check_length, members};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
    example_failure, example_nothing,
};
use crate::engine::operand::Operands;
use crate::model::{Kinds, Value};

/// The row of `concat`.
pub const CONCAT: OpSpec = OpSpec {
    name: "concat",
    family: Family::Collection,
    summary: "appends values to a list",
    details: "A list contributes its elements; any other value, including the input, counts as one element. Missing \
              and null are skipped, so the list can start with any of its sources; if all are absent, there is no \
              value.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the values to append, in this order")],
    fails: "the list would have more than 10000 elements",
    takes_nothing: true,
    examples: &[
        example("[b, c]", r#"["a"]"#, r#"["a", "b", "c"]"#),
        example("[b]", r#""a""#, r#"["a", "b"]"#),
        example("[b]", "null", r#"["b"]"#),
        example_nothing("[null]", "null"),
    ],
    build: |arguments| Ok(Box::new(Concat(values(arguments)?))),
};

/// The row of `merge`.
pub const MERGE: OpSpec = OpSpec {
    name: "merge",
    summary: "merges the members of several objects into one",
    details: "If keys are equal, the later object wins. Only top-level members are merged. Missing and null are \
              skipped; if all are absent, there is no value.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the objects to merge; later ones win")],
    fails: "one of the values is not an object, or the object would have more than 10000 members",
    takes_nothing: true,
    examples: &[
        example("[{ b: 3, c: 4 }]", r#"{"a": 1, "b": 2}"#, r#"{"a": 1, "b": 3, "c": 4}"#),
        example("[{ a: 1 }]", "null", r#"{"a": 1}"#),
        example_failure("[text]", r#"{"a": 1}"#),
    ],
    build: |arguments| Ok(Box::new(Merge(values(arguments)?))),
    ..CONCAT
};

/// The row of `to_list`.
pub const TO_LIST: OpSpec = OpSpec {
    name: "to_list",
    summary: "wraps a value in a list",
    details: "A list stays unchanged. Useful if a source writes a single value without the list around it, as \
              directories and converted XML do.",
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""ada@example.com""#, r#"["ada@example.com"]"#),
        example("", r#"{"id": 1}"#, r#"[{"id": 1}]"#),
        example("", "[1]", "[1]"),
    ],
    build: |_| {
        Ok(Box::new(Plain(|input, cx| {
            Ok(if matches!(input, Value::List(_)) { input } else { cx.keep_list(&[input]) })
        })))
    },
    ..CONCAT
};

fn values(arguments: &mut Arguments) -> Result<Operands, ArgumentError> {
    arguments.operands("values").ok_or_else(|| ArgumentError::new("values", "is missing", "give one or more values"))
}

#[derive(Debug)]
struct Concat(Operands);

impl Op for Concat {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut list = ArenaVec::new_in(cx.arena);
        let mut found = false;
        for value in std::iter::once(input).chain(self.0.as_slice().iter().map(|operand| operand.value(cx))) {
            let one = [value];
            let items = match value {
                Value::Missing | Value::Null => continue,
                Value::List(items) => items,
                _ => &one,
            };
            found = true;
            check_length(list.len() + items.len())?;
            list.extend_from_slice(items);
        }
        Ok(if found { Value::List(list.into_bump_slice()) } else { Value::Missing })
    }
}

#[derive(Debug)]
struct Merge(Operands);

impl Op for Merge {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut merged: Option<Members<'a>> = None;
        for value in std::iter::once(input).filter(|value| value.is_present()).chain(self.0.spread(cx)) {
            let merged = merged.get_or_insert_with(|| Members::new(cx));
            for (key, value) in members(value)? {
                merged.set(key, *value);
            }
            check_length(merged.len())?;
        }
        Ok(merged.map_or(Value::Missing, Members::finish))
    }
}
