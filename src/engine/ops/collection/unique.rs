//! `unique`: removes duplicate elements.

use bumpalo::collections::Vec as ArenaVec;

use super::support::{ValueSet, elements};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::engine::path::Tail;
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const UNIQUE: OpSpec = OpSpec {
    name: "unique",
    family: Family::Collection,
    summary: "removes duplicate elements and keeps the first of them",
    details: "Scalars are equal if their texts are, as in conditions: `1` and `\"1\"` are the same value. Case \
              matters; put `map: [lowercase]` before it to ignore case. With `by`, elements are equal if the values at \
              this path are; elements without a value there are all kept.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main_optional(
        "by",
        ArgumentKind::Path,
        "the path of the value to compare in each element",
    )],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"["staff", "customer", "staff"]"#, r#"["staff", "customer"]"#),
        example("", r#"[1, "1", {"a": 1, "b": 2}, {"b": 2, "a": 1}]"#, r#"[1, {"a": 1, "b": 2}]"#),
        example(
            "{ by: id }",
            r#"[{"id": 1, "n": "a"}, {"id": 1, "n": "b"}, {}, {}]"#,
            r#"[{"id": 1, "n": "a"}, {}, {}]"#,
        ),
    ],
    build: |arguments| Ok(Box::new(Unique(arguments.path("by")))),
};

#[derive(Debug)]
struct Unique(Option<Tail>);

impl Op for Unique {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut seen = ValueSet::new(cx);
        let mut kept = ArenaVec::new_in(cx.arena);
        kept.extend(elements(input)?.iter().copied().filter(|item| match &self.0 {
            None => seen.insert(*item),
            Some(by) => {
                let part = by.find(*item, cx);
                !part.is_present() || seen.insert(part)
            }
        }));
        Ok(Value::List(kept.into_bump_slice()))
    }
}
