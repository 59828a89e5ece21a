//! `count`: the number of elements or members.

use super::support::Plain;
use crate::engine::op::{Failure, Family, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const COUNT: OpSpec = OpSpec {
    name: "count",
    family: Family::Collection,
    summary: "counts the elements of a list or the members of an object",
    details: "",
    input: Kinds::LIST.or(Kinds::OBJECT),
    output: Output::Is(Kinds::INTEGER),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"["a", "b", null]"#, "3"), example("", r#"{"a": 1}"#, "1"), example("", "[]", "0")],
    build: |_| Ok(Box::new(Plain(|input, _| count(input)))),
};

fn count(input: Value<'_>) -> Result<Value<'_>, Failure> {
    let count = match input {
        Value::List(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => return Err(Failure::kind(COUNT.input, input)),
    };
    i64::try_from(count).map(Value::Int).map_err(|_| Failure::new("the number of elements does not fit in 64 bits"))
}
