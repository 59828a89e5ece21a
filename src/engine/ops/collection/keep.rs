//! `without`, `only`, `without_matching`: select elements by their value.

use bumpalo::collections::Vec as ArenaVec;
use regex::Regex;

use super::support::{ValueSet, elements};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
};
use crate::engine::operand::Operands;
use crate::model::{Kinds, Value};

/// The row of `without`.
pub const WITHOUT: OpSpec = OpSpec {
    name: "without",
    family: Family::Collection,
    summary: "removes the elements that equal one of the values",
    details: "A value that is a list stands for its elements, so you can remove the primary address or all elements of \
              another list. A reference without a value removes nothing.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the values to remove")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("offline_access", r#"["offline_access", "admin"]"#, r#"["admin"]"#),
        example("[offline_access, uma_authorization]", r#"["uma_authorization", "admin"]"#, r#"["admin"]"#),
        example("1", r#"["1", 2]"#, "[2]"),
    ],
    build: |arguments| Ok(Box::new(Keep { values: values(arguments)?, equal: false })),
};

/// The row of `only`.
pub const ONLY: OpSpec = OpSpec {
    name: "only",
    summary: "keeps the elements that equal one of the values",
    details: "A value that is a list stands for its elements: the result is the intersection of two lists.",
    arguments: &[ArgumentSpec::main("values", ArgumentKind::Operands, "the values to keep")],
    examples: &[
        example("[admin, staff]", r#"["subscriber", "staff"]"#, r#"["staff"]"#),
        example("admin", r#"["subscriber"]"#, "[]"),
    ],
    build: |arguments| Ok(Box::new(Keep { values: values(arguments)?, equal: true })),
    ..WITHOUT
};

/// The row of `without_matching`.
pub const WITHOUT_MATCHING: OpSpec = OpSpec {
    name: "without_matching",
    summary: "removes the text elements that match a regex",
    details: "Numbers are matched by their text; elements of other kinds stay. Anchor the regex with `^` and `$` to \
              match whole elements.",
    arguments: &[ArgumentSpec::main("pattern", ArgumentKind::Regex, "the regex of the values to remove")],
    examples: &[
        example(r#""^default-roles-""#, r#"["default-roles-shop", "admin"]"#, r#"["admin"]"#),
        example(r#""^1$""#, r#"[1, 10, {"a": "1"}]"#, r#"[10, {"a": "1"}]"#),
    ],
    build: |arguments| {
        let pattern = arguments.regex("pattern");
        let pattern = pattern.ok_or_else(|| ArgumentError::new("pattern", "is missing", "give a regex"))?;
        Ok(Box::new(WithoutMatching(pattern)))
    },
    ..WITHOUT
};

fn values(arguments: &mut Arguments) -> Result<Operands, ArgumentError> {
    arguments.operands("values").ok_or_else(|| ArgumentError::new("values", "is missing", "give one or more values"))
}

#[derive(Debug)]
struct Keep {
    values: Operands,
    /// Whether equal elements are kept or removed.
    equal: bool,
}

impl Op for Keep {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let set = ValueSet::of(&self.values.spread(cx), cx);
        let mut kept = ArenaVec::new_in(cx.arena);
        kept.extend(elements(input)?.iter().copied().filter(|item| set.has(*item) == self.equal));
        Ok(Value::List(kept.into_bump_slice()))
    }
}

#[derive(Debug)]
struct WithoutMatching(Regex);

impl Op for WithoutMatching {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut kept = ArenaVec::new_in(cx.arena);
        let stays = |item: &Value<'a>| cx.text(*item).map_or(true, |text| !self.0.is_match(text));
        kept.extend(elements(input)?.iter().copied().filter(stays));
        Ok(Value::List(kept.into_bump_slice()))
    }
}
