//! `flatten`: merges nested lists into one.

use bumpalo::collections::Vec as ArenaVec;

use super::support::{check_length, elements};
use crate::engine::context::Cx;
use crate::engine::limits::MAX_DEPTH;
use crate::engine::op::{ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const FLATTEN: OpSpec = OpSpec {
    name: "flatten",
    family: Family::Collection,
    summary: "merges the lists inside a list into one list",
    details: "Flattens one level, unless `depth` is set. Elements that are not lists stay in place. A result of more \
              than 10000 elements is a failure.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main_optional(
        "depth",
        ArgumentKind::Integer,
        "the number of levels, 1 to 64; 1 by default",
    )],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", "[[1, 2], 3, [[4]]]", "[1, 2, 3, [4]]"),
        example("2", "[[1, 2], 3, [[4]]]", "[1, 2, 3, 4]"),
        example("", "[]", "[]"),
    ],
    build: |arguments| {
        let depth = arguments.integer("depth").unwrap_or(1);
        match usize::try_from(depth) {
            Ok(depth @ 1..=MAX_DEPTH) => Ok(Box::new(Flatten(depth))),
            _ => Err(ArgumentError::new("depth", "is out of range", format!("give a number from 1 to {MAX_DEPTH}"))),
        }
    },
};

#[derive(Debug)]
struct Flatten(usize);

impl Op for Flatten {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut flat = ArenaVec::new_in(cx.arena);
        flatten(elements(input)?, self.0, &mut flat)?;
        Ok(Value::List(flat.into_bump_slice()))
    }
}

fn flatten<'a>(items: &'a [Value<'a>], depth: usize, flat: &mut ArenaVec<'a, Value<'a>>) -> Result<(), Failure> {
    for item in items {
        match item {
            Value::List(inner) if depth > 0 => flatten(inner, depth - 1, flat)?,
            _ => {
                check_length(flat.len() + 1)?;
                flat.push(*item);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn the_result_is_limited() {
        let arena = Bump::new();
        let inner = [Value::Int(1); 1_000];
        let outer = [Value::List(&inner); 11];
        assert!(Flatten(1).apply(Value::List(&outer), &Cx::bare(&arena)).is_err());
        assert!(Flatten(1).apply(Value::List(&outer[..10]), &Cx::bare(&arena)).is_ok());
    }
}
