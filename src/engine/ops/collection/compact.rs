//! `compact`: removes blank values.

use bumpalo::collections::Vec as ArenaVec;

use super::support::Plain;
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const COMPACT: OpSpec = OpSpec {
    name: "compact",
    family: Family::Collection,
    summary: "removes null, blank text, empty lists and empty objects",
    details: "Applies to the elements of a list or the members of an object, not to nested values. Text that is only \
              whitespace is blank; `0` and `false` are values and stay.",
    input: Kinds::LIST.or(Kinds::OBJECT),
    output: Output::Same,
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"["a", "", " ", null, [], {}, 0, false]"#, r#"["a", 0, false]"#),
        example("", r#"{"city": "Bonn", "zip": "", "box": null}"#, r#"{"city": "Bonn"}"#),
    ],
    build: |_| Ok(Box::new(Plain(compact))),
};

fn compact<'a>(input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    match input {
        Value::List(items) => {
            let mut kept = ArenaVec::new_in(cx.arena);
            kept.extend(items.iter().copied().filter(|item| !is_blank(*item)));
            Ok(Value::List(kept.into_bump_slice()))
        }
        Value::Object(members) => {
            let mut kept = ArenaVec::new_in(cx.arena);
            kept.extend(members.iter().copied().filter(|(_, value)| !is_blank(*value)));
            Ok(Value::Object(kept.into_bump_slice()))
        }
        _ => Err(Failure::kind(COMPACT.input, input)),
    }
}

fn is_blank(value: Value<'_>) -> bool {
    match value {
        Value::Text(text) => text.trim().is_empty(),
        _ => value.is_empty(),
    }
}
