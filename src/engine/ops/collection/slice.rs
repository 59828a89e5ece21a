//! `take`, `skip`, `reverse`: parts and order of a list.

use bumpalo::collections::Vec as ArenaVec;

use super::support::{Plain, elements};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
};
use crate::model::{Kinds, Value};

/// The row of `take`.
pub const TAKE: OpSpec = OpSpec {
    name: "take",
    family: Family::Collection,
    summary: "keeps the first elements of a list",
    details: "A shorter list stays unchanged.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main("n", ArgumentKind::Integer, "the number of elements, 0 or more")],
    fails: "",
    takes_nothing: false,
    examples: &[example("2", "[1, 2, 3]", "[1, 2]"), example("2", "[1]", "[1]"), example("0", "[1]", "[]")],
    build: |arguments| Ok(Box::new(Take(amount(arguments)?))),
};

/// The row of `skip`.
pub const SKIP: OpSpec = OpSpec {
    name: "skip",
    summary: "removes the first elements of a list",
    details: "`skip: 1` returns the rest after `first`, such as the secondary addresses after the primary one.",
    examples: &[example("1", "[1, 2, 3]", "[2, 3]"), example("2", "[1]", "[]")],
    build: |arguments| Ok(Box::new(Skip(amount(arguments)?))),
    ..TAKE
};

/// The row of `reverse`.
pub const REVERSE: OpSpec = OpSpec {
    name: "reverse",
    summary: "reverses a list",
    details: "",
    arguments: &[],
    examples: &[example("", "[1, 2, 3]", "[3, 2, 1]"), example("", "[]", "[]")],
    build: |_| Ok(Box::new(Plain(reverse))),
    ..TAKE
};

fn amount(arguments: &mut Arguments) -> Result<usize, ArgumentError> {
    usize::try_from(arguments.integer("n").unwrap_or(0))
        .map_err(|_| ArgumentError::new("n", "is negative", "give 0 or more"))
}

#[derive(Debug)]
struct Take(usize);

impl Op for Take {
    fn apply<'a>(&'a self, input: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let items = elements(input)?;
        Ok(Value::List(items.get(..self.0).unwrap_or(items)))
    }
}

#[derive(Debug)]
struct Skip(usize);

impl Op for Skip {
    fn apply<'a>(&'a self, input: Value<'a>, _: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::List(elements(input)?.get(self.0..).unwrap_or_default()))
    }
}

fn reverse<'a>(input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let mut items = ArenaVec::new_in(cx.arena);
    items.extend(elements(input)?.iter().rev().copied());
    Ok(Value::List(items.into_bump_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::Argument;

    #[test]
    fn negative_counts_are_rejected() {
        for spec in [&TAKE, &SKIP] {
            let mut arguments = Arguments::default();
            arguments.push("n", Argument::Integer(-1));
            assert!((spec.build)(&mut arguments).is_err(), "{}", spec.name);
        }
    }
}
