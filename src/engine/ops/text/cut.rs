//! `before`, `after`, `before_last`, `after_last`: the part of a text on one side of a separator.

use memchr::{memchr, memrchr};

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_nothing,
};
use crate::model::{Kinds, Value};

const ARGUMENTS: &[ArgumentSpec] = &[
    ArgumentSpec::main("text", ArgumentKind::Text, "the separator, taken literally"),
    ArgumentSpec::optional(
        "or",
        ArgumentKind::Choice(&["nothing", "whole"]),
        "what to return if the separator is absent: `nothing`, or the `whole` text",
    ),
];

/// The row of `before`.
pub const BEFORE: OpSpec = OpSpec {
    name: "before",
    family: Family::Text,
    summary: "returns the part of a text before the first separator",
    details: "",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[
        example(r#""@""#, r#""ada@example.com""#, r#""ada""#),
        example(r#"{ text: " ", or: whole }"#, r#""Ada""#, r#""Ada""#),
        example_nothing(r#"" ""#, r#""Ada""#),
    ],
    build: |arguments| Cut::build(arguments, Side::Before, Which::First),
};

/// The row of `after`.
pub const AFTER: OpSpec = OpSpec {
    name: "after",
    family: Family::Text,
    summary: "returns the part of a text after the first separator",
    details: "",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[
        example(r#""|""#, r#""auth0|8286297b485b""#, r#""8286297b485b""#),
        example(r#"{ text: "|", or: whole }"#, r#""8286297b485b""#, r#""8286297b485b""#),
        example_nothing(r#""|""#, r#""8286297b485b""#),
    ],
    build: |arguments| Cut::build(arguments, Side::After, Which::First),
};

/// The row of `before_last`.
pub const BEFORE_LAST: OpSpec = OpSpec {
    name: "before_last",
    family: Family::Text,
    summary: "returns the part of a text before the last separator",
    details: "To split a full name at its last space, use this for the given name and `after_last` for the family \
              name.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[example(r#"" ""#, r#""Ada King Lovelace""#, r#""Ada King""#), example_nothing(r#"" ""#, r#""Ada""#)],
    build: |arguments| Cut::build(arguments, Side::Before, Which::Last),
};

/// The row of `after_last`.
pub const AFTER_LAST: OpSpec = OpSpec {
    name: "after_last",
    family: Family::Text,
    summary: "returns the part of a text after the last separator",
    details: "To split a full name at its last space, use this for the family name and `before_last` for the given \
              name.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[
        example(r#"" ""#, r#""Ada King Lovelace""#, r#""Lovelace""#),
        example(r#"{ text: ".", or: nothing }"#, r#""com.example.""#, r#""""#),
        example_nothing(r#"" ""#, r#""Ada""#),
    ],
    build: |arguments| Cut::build(arguments, Side::After, Which::Last),
};

#[derive(Debug, Clone, Copy)]
enum Side {
    Before,
    After,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    First,
    Last,
}

#[derive(Debug)]
struct Cut {
    separator: String,
    side: Side,
    which: Which,
    or_whole: bool,
}

impl Cut {
    fn build(arguments: &mut Arguments, side: Side, which: Which) -> Result<Box<dyn Op>, ArgumentError> {
        let separator = arguments.need_text("text")?;
        if separator.is_empty() {
            return Err(ArgumentError::new("text", "is empty", "give the separator"));
        }
        let or_whole = arguments.text("or").is_some_and(|word| word == "whole");
        Ok(Box::new(Self { separator, side, which, or_whole }))
    }

    fn halves<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        // fast path: most separators are a single ASCII character
        if let [byte] = *self.separator.as_bytes() {
            let at = match self.which {
                Which::First => memchr(byte, text.as_bytes()),
                Which::Last => memrchr(byte, text.as_bytes()),
            }?;
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        match self.which {
            Which::First => text.split_once(&*self.separator),
            Which::Last => text.rsplit_once(&*self.separator),
        }
    }
}

impl Op for Cut {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        Ok(match (self.halves(text), self.side) {
            (Some((before, _)), Side::Before) => Value::Text(before),
            (Some((_, after)), Side::After) => Value::Text(after),
            (None, _) if self.or_whole => Value::Text(text),
            (None, _) => Value::Missing,
        })
    }
}
