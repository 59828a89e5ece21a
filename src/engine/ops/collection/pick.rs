//! `pick`, `omit`: select members by their keys.

use bumpalo::collections::Vec as ArenaVec;
use regex::Regex;
use rustc_hash::FxHashSet;

use super::support::members;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
};
use crate::model::{Kinds, Value};

/// The row of `pick`.
pub const PICK: OpSpec = OpSpec {
    name: "pick",
    family: Family::Collection,
    summary: "keeps the named members of an object",
    details: "Members are selected by name, by a regex that the key matches, or both. They keep their order; names \
              that the object does not have are ignored.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[
        ArgumentSpec::main_optional("names", ArgumentKind::Texts, "the keys"),
        ArgumentSpec::optional("matching", ArgumentKind::Regex, "a regex that keys match"),
    ],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("[a, c]", r#"{"a": 1, "b": 2}"#, r#"{"a": 1}"#),
        example(r#"{ matching: "^custom:" }"#, r#"{"sub": 1, "custom:tier": "gold"}"#, r#"{"custom:tier": "gold"}"#),
        example(r#"{ names: [sub], matching: "^x" }"#, r#"{"sub": 1, "x1": 2, "y": 3}"#, r#"{"sub": 1, "x1": 2}"#),
    ],
    build: |arguments| Ok(Box::new(Pick { keys: Keys::build(arguments)?, keep: true })),
};

/// The row of `omit`.
pub const OMIT: OpSpec = OpSpec {
    name: "omit",
    summary: "removes the named members of an object",
    details: "Members are selected by name, by a regex that the key matches, or both.",
    examples: &[
        example("password", r#"{"id": 1, "password": "x"}"#, r#"{"id": 1}"#),
        example(r#"{ matching: "^_" }"#, r#"{"id": 1, "_rev": 2}"#, r#"{"id": 1}"#),
    ],
    build: |arguments| Ok(Box::new(Pick { keys: Keys::build(arguments)?, keep: false })),
    ..PICK
};

#[derive(Debug)]
struct Keys {
    names: FxHashSet<String>,
    matching: Option<Regex>,
}

impl Keys {
    fn build(arguments: &mut Arguments) -> Result<Self, ArgumentError> {
        let (names, matching) = (arguments.texts("names"), arguments.regex("matching"));
        if names.is_none() && matching.is_none() {
            return Err(ArgumentError::new("names", "is missing", "give `names`, `matching`, or both"));
        }
        Ok(Self { names: names.unwrap_or_default().into_iter().collect(), matching })
    }

    fn has(&self, key: &str) -> bool {
        self.names.contains(key) || self.matching.as_ref().is_some_and(|regex| regex.is_match(key))
    }
}

#[derive(Debug)]
struct Pick {
    keys: Keys,
    keep: bool,
}

impl Op for Pick {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut kept = ArenaVec::new_in(cx.arena);
        kept.extend(members(input)?.iter().copied().filter(|(key, _)| self.keys.has(key) == self.keep));
        Ok(Value::Object(kept.into_bump_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_or_a_regex_are_needed() {
        for spec in [&PICK, &OMIT] {
            assert!((spec.build)(&mut Arguments::default()).is_err(), "{}", spec.name);
        }
    }
}
