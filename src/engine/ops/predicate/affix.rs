//! `starts_with`, `ends_with`, and the prefixes and suffixes that `strip_prefix` and `strip_suffix` share with them.

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{Either, one_of, text};
use crate::model::{Kinds, Value};

const ARGUMENTS: &[ArgumentSpec] = &[
    ArgumentSpec::main_optional("text", ArgumentKind::Texts, "the text, or several of which one must fit"),
    ArgumentSpec::optional("value", ArgumentKind::Operand, "a reference to the text, instead of `text`"),
    ArgumentSpec::optional("ignoring_case", ArgumentKind::Boolean, "whether upper and lower case are the same"),
];

const DETAILS: &str =
    "The words of `text` are literal, so `$` and `{` need no escape; `value` takes references and templates.";

/// The row of `starts_with`.
pub const STARTS_WITH: OpSpec = OpSpec {
    name: "starts_with",
    family: Family::Predicate,
    summary: "whether a text begins with another",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: "`value` has no value or is no text",
    takes_nothing: false,
    examples: &[
        example(r#"["$2a$", "$2b$", "$2y$"]"#, r#""$2b$10$tZbq""#, "true"),
        example(r#"{ text: "{ssha}", ignoring_case: true }"#, r#""{SSHA}X3MG""#, "true"),
        example(r#""+""#, r#""0044""#, "false"),
        example_failure("{ value: $item.prefix }", r#""ada""#),
    ],
    build: |arguments| Ok(Box::new(StartsWith(Affixes::build(arguments)?))),
};

/// The row of `ends_with`.
pub const ENDS_WITH: OpSpec = OpSpec {
    name: "ends_with",
    family: Family::Predicate,
    summary: "whether a text ends with another",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: "`value` has no value or is no text",
    takes_nothing: false,
    examples: &[
        example(r#"{ text: "@Example.com", ignoring_case: true }"#, r#""ada@EXAMPLE.com""#, "true"),
        example(r#"[".test", ".invalid"]"#, r#""ada@shop.example""#, "false"),
        example_failure("{ value: $item.suffix }", r#""ada""#),
    ],
    build: |arguments| Ok(Box::new(EndsWith(Affixes::build(arguments)?))),
};

/// The prefixes or suffixes an op asks for.
#[derive(Debug)]
pub(in crate::engine::ops) struct Affixes {
    given: Either<Vec<String>, Operand>,
    ignoring_case: bool,
}

impl Affixes {
    /// Takes `text` or `value`, and `ignoring_case`.
    ///
    /// # Errors
    /// When not exactly one of them is given, or one of the texts is empty: every text begins with nothing.
    pub(in crate::engine::ops) fn build(arguments: &mut Arguments) -> Result<Self, ArgumentError> {
        let given = one_of(("text", arguments.texts("text")), ("value", arguments.operand("value")))?;
        if let Either::First(texts) = &given
            && (texts.is_empty() || texts.iter().any(String::is_empty))
        {
            return Err(ArgumentError::new("text", "is empty", "give at least one character"));
        }
        Ok(Self { given, ignoring_case: arguments.boolean("ignoring_case").unwrap_or(false) })
    }

    /// The text behind the first prefix that fits.
    pub(in crate::engine::ops) fn off_start<'a>(
        &'a self,
        text: &'a str,
        cx: &Cx<'a>,
    ) -> Result<Option<&'a str>, Failure> {
        self.first(cx, |prefix| if self.ignoring_case { behind(text, prefix) } else { text.strip_prefix(prefix) })
    }

    /// The text before the first suffix that fits.
    pub(in crate::engine::ops) fn off_end<'a>(
        &'a self,
        text: &'a str,
        cx: &Cx<'a>,
    ) -> Result<Option<&'a str>, Failure> {
        self.first(cx, |suffix| if self.ignoring_case { before(text, suffix) } else { text.strip_suffix(suffix) })
    }

    fn first<'a>(&'a self, cx: &Cx<'a>, fits: impl Fn(&str) -> Option<&'a str>) -> Result<Option<&'a str>, Failure> {
        match &self.given {
            Either::First(texts) => Ok(texts.iter().find_map(|affix| fits(affix))),
            Either::Second(operand) => Ok(fits(text(operand, "value", cx)?)),
        }
    }
}

/// What stands behind a prefix when case is ignored, character by character.
fn behind<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    prefix.chars().all(|c| rest.next().is_some_and(|have| same_letter(have, c))).then_some(rest.as_str())
}

/// What stands before a suffix when case is ignored, character by character.
fn before<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    suffix.chars().rev().all(|c| rest.next_back().is_some_and(|have| same_letter(have, c))).then_some(rest.as_str())
}

fn same_letter(a: char, b: char) -> bool {
    a == b || a.to_lowercase().eq(b.to_lowercase())
}

#[derive(Debug)]
struct StartsWith(Affixes);

impl Op for StartsWith {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Bool(self.0.off_start(cx.text(input)?, cx)?.is_some()))
    }
}

#[derive(Debug)]
struct EndsWith(Affixes);

impl Op for EndsWith {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Bool(self.0.off_end(cx.text(input)?, cx)?.is_some()))
    }
}
