//! `first`, `last`, `at`, `get`: one element, or the value at a path.

use super::support::{Plain, elements};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_nothing};
use crate::engine::path::Tail;
use crate::model::{Kinds, Value};

/// The row of `first`.
pub const FIRST: OpSpec = OpSpec {
    name: "first",
    family: Family::Collection,
    summary: "returns the first element of a list",
    details: "Directories and Keycloak store every attribute as a list. An empty list gives no value; put `to_list` \
              before it if the source writes a single value without the list.",
    input: Kinds::LIST,
    output: Output::Element,
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"["ada@example.com", "a@example.org"]"#, r#""ada@example.com""#),
        example_nothing("", "[]"),
    ],
    build: |_| Ok(Box::new(Plain(|input, _| Ok(elements(input)?.first().copied().unwrap_or_default())))),
};

/// The row of `last`.
pub const LAST: OpSpec = OpSpec {
    name: "last",
    summary: "returns the last element of a list",
    details: "An empty list gives no value.",
    examples: &[example("", r#"["CN=Ada", "OU=People", "DC=example"]"#, r#""DC=example""#), example_nothing("", "[]")],
    build: |_| Ok(Box::new(Plain(|input, _| Ok(elements(input)?.last().copied().unwrap_or_default())))),
    ..FIRST
};

/// The row of `at`.
pub const AT: OpSpec = OpSpec {
    name: "at",
    summary: "returns the element at a position of a list",
    details: "Positions count from 0, and from the end if negative. A position outside the list gives no value.",
    arguments: &[ArgumentSpec::main("index", ArgumentKind::Integer, "the position; -1 is the last element")],
    examples: &[
        example("1", r#"["Ada", "King", "Lovelace"]"#, r#""King""#),
        example("-1", r#"["Ada", "King", "Lovelace"]"#, r#""Lovelace""#),
        example_nothing("3", r#"["Ada", "King", "Lovelace"]"#),
    ],
    build: |arguments| Ok(Box::new(At(arguments.integer("index").unwrap_or(0)))),
    ..FIRST
};

/// The row of `get`.
pub const GET: OpSpec = OpSpec {
    name: "get",
    summary: "returns the value at a path inside a list or object",
    details: "Useful after a step that returns an object, such as `parse_json`. A path with `[*]` or a filter gives a \
              list of all matches. A path that does not exist gives no value.",
    input: Kinds::LIST.or(Kinds::OBJECT),
    output: Output::Is(Kinds::ANY),
    arguments: &[ArgumentSpec::main("path", ArgumentKind::Path, "the path inside the value, such as `a.b[0]`")],
    examples: &[
        example("address.city", r#"{"address": {"city": "Bonn"}}"#, r#""Bonn""#),
        example(r#""[0].value""#, r#"[{"value": "ada@example.com"}]"#, r#""ada@example.com""#),
        example(r#""[*].value""#, r#"[{"value": 1}, {}, {"value": 2}]"#, "[1, 2]"),
        example_nothing("address.zip", r#"{"address": {"city": "Bonn"}}"#),
    ],
    build: |arguments| Ok(Box::new(Get(arguments.path("path").unwrap_or_default()))),
    ..FIRST
};

#[derive(Debug)]
struct At(i64);

impl Op for At {
    fn apply<'a>(&'a self, input: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        elements(input)?;
        Ok(input.element(self.0))
    }
}

#[derive(Debug)]
struct Get(Tail);

impl Op for Get {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(self.0.find(input, cx))
    }
}
