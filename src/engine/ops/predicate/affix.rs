//! `starts_with` and `ends_with`, and the prefix and suffix matching that they share with `strip_prefix` and `strip_suffix`.

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{Either, one_of, text};
use crate::model::{Kinds, Value};

const ARGUMENTS: &[ArgumentSpec] = &[
    ArgumentSpec::main_optional("text", ArgumentKind::Texts, "the text, or several texts of which one must match"),
    ArgumentSpec::optional("value", ArgumentKind::Operand, "a reference to the text, instead of `text`"),
    ArgumentSpec::optional("ignoring_case", ArgumentKind::Boolean, "whether to ignore case"),
];

const DETAILS: &str = "The texts in `text` are literal, so `$` and `{` need no escaping; `value` accepts references \
    and templates.";

/// The row of `starts_with`.
pub const STARTS_WITH: OpSpec = OpSpec {
    name: "starts_with",
    family: Family::Predicate,
    summary: "tests whether a text starts with another text",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: "`value` has no value or is not text",
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
    summary: "tests whether a text ends with another text",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BOOLEAN),
    arguments: ARGUMENTS,
    fails: "`value` has no value or is not text",
    takes_nothing: false,
    examples: &[
        example(r#"{ text: "@Example.com", ignoring_case: true }"#, r#""ada@EXAMPLE.com""#, "true"),
        example(r#"[".test", ".invalid"]"#, r#""ada@shop.example""#, "false"),
        example_failure("{ value: $item.suffix }", r#""ada""#),
    ],
    build: |arguments| Ok(Box::new(EndsWith(Affixes::build(arguments)?))),
};

/// The prefixes or suffixes that an op looks for.
#[derive(Debug)]
pub(in crate::engine::ops) struct Affixes {
    given: Either<Vec<String>, Operand>,
    ignoring_case: bool,
}

impl Affixes {
    /// Takes `text` or `value`, and `ignoring_case`.
    ///
    /// # Errors
    /// When not exactly one of `text` and `value` is given, or a text is empty, because every text starts with the empty text.
    pub(in crate::engine::ops) fn build(arguments: &mut Arguments) -> Result<Self, ArgumentError> {
        let given = one_of(("text", arguments.texts("text")), ("value", arguments.operand("value")))?;
        if let Either::First(texts) = &given
            && (texts.is_empty() || texts.iter().any(String::is_empty))
        {
            return Err(ArgumentError::new("text", "is empty", "give at least one character"));
        }
        Ok(Self { given, ignoring_case: arguments.boolean("ignoring_case").unwrap_or(false) })
    }

    /// The text after the first prefix that matches.
    pub(in crate::engine::ops) fn off_start<'a>(
        &'a self,
        text: &'a str,
        cx: &Cx<'a>,
    ) -> Result<Option<&'a str>, Failure> {
        self.first(cx, |prefix| if self.ignoring_case { after(text, prefix) } else { text.strip_prefix(prefix) })
    }

    /// The text before the first suffix that matches.
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

/// The text after a prefix, compared character by character without case.
fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    prefix.chars().all(|c| rest.next().is_some_and(|have| same_letter(have, c))).then_some(rest.as_str())
}

/// The text before a suffix, compared character by character without case.
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
