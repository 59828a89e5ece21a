//! `add_prefix`, `add_suffix`, `strip_prefix`, `strip_suffix`: add text to the ends of a text, or remove it.

use super::builder::joined;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{need, text};
use crate::engine::ops::predicate::affix::Affixes;
use crate::model::{Kinds, Value};

const ADDED: &[ArgumentSpec] = &[ArgumentSpec::main("text", ArgumentKind::Operand, "the text to add")];

const ADD_FAILS: &str = "the argument has no value or is not text, or the result would be longer than 256 KiB";

/// The row of `add_prefix`.
pub const ADD_PREFIX: OpSpec = OpSpec {
    name: "add_prefix",
    family: Family::Text,
    summary: "adds a text before the value",
    details: "For an id in a fixed format, a template such as `\"wp:{$.ID}\"` is easier to read.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ADDED,
    fails: ADD_FAILS,
    takes_nothing: false,
    examples: &[
        example(r#""wp:""#, "412", r#""wp:412""#),
        example(r#""+""#, r#""4420794608""#, r#""+4420794608""#),
        example_failure("null", r#""412""#),
    ],
    build: |arguments| Ok(Box::new(Add { affix: need(arguments.operand("text"), "text")?, end: End::Start })),
};

/// The row of `add_suffix`.
pub const ADD_SUFFIX: OpSpec = OpSpec {
    name: "add_suffix",
    family: Family::Text,
    summary: "adds a text after the value",
    details: "",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ADDED,
    fails: ADD_FAILS,
    takes_nothing: false,
    examples: &[
        example(r#""@example.com""#, r#""ada""#, r#""ada@example.com""#),
        example(r#"" UTC""#, r#""2012-09-14 21:05:48""#, r#""2012-09-14 21:05:48 UTC""#),
        example_failure("null", r#""ada""#),
    ],
    build: |arguments| Ok(Box::new(Add { affix: need(arguments.operand("text"), "text")?, end: End::End })),
};

const STRIPPED: &[ArgumentSpec] = &[
    ArgumentSpec::main_optional(
        "text",
        ArgumentKind::Texts,
        "the text to remove, or several texts of which the first that matches is removed",
    ),
    ArgumentSpec::optional("value", ArgumentKind::Operand, "a reference to the text, instead of `text`"),
    ArgumentSpec::optional("ignoring_case", ArgumentKind::Boolean, "whether to ignore case"),
];

const STRIP_DETAILS: &str = "A text without it stays unchanged. It is removed once. The texts in `text` are literal, \
    so `$` and `{` need no escaping, and `value` accepts references and templates.";

/// The row of `strip_prefix`.
pub const STRIP_PREFIX: OpSpec = OpSpec {
    name: "strip_prefix",
    family: Family::Text,
    summary: "removes a text from the start, if present",
    details: STRIP_DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: STRIPPED,
    fails: "`value` has no value or is not text",
    takes_nothing: false,
    examples: &[
        example(r#""$wp""#, r#""$wp$2y$10$abc""#, r#""$2y$10$abc""#),
        example(r#"{ text: "{ssha}", ignoring_case: true }"#, r#""{SSHA}X3MG""#, r#""X3MG""#),
        example(r#"["mailto:", "smtp:"]"#, r#""smtp:ada@example.com""#, r#""ada@example.com""#),
        example(r#""x-""#, r#""ada""#, r#""ada""#),
        example_failure("{ value: $item.prefix }", r#""ada""#),
    ],
    build: |arguments| Strip::build(arguments, End::Start),
};

/// The row of `strip_suffix`.
pub const STRIP_SUFFIX: OpSpec = OpSpec {
    name: "strip_suffix",
    family: Family::Text,
    summary: "removes a text from the end, if present",
    details: STRIP_DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: STRIPPED,
    fails: "`value` has no value or is not text",
    takes_nothing: false,
    examples: &[
        example(r#""@example.com""#, r#""ada@example.com""#, r#""ada""#),
        example(r#"{ text: ".TEST", ignoring_case: true }"#, r#""ada.test""#, r#""ada""#),
        example_failure("{ value: $item.suffix }", r#""ada""#),
    ],
    build: |arguments| Strip::build(arguments, End::End),
};

#[derive(Debug, Clone, Copy)]
enum End {
    Start,
    End,
}

#[derive(Debug)]
struct Add {
    affix: Operand,
    end: End,
}

impl Op for Add {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let (value, affix) = (cx.text(input)?, text(&self.affix, "text", cx)?);
        match self.end {
            End::Start => joined(affix, value, cx),
            End::End => joined(value, affix, cx),
        }
    }
}

#[derive(Debug)]
struct Strip {
    affixes: Affixes,
    end: End,
}

impl Strip {
    fn build(arguments: &mut Arguments, end: End) -> Result<Box<dyn Op>, ArgumentError> {
        Ok(Box::new(Self { affixes: Affixes::build(arguments)?, end }))
    }
}

impl Op for Strip {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let rest = match self.end {
            End::Start => self.affixes.off_start(text, cx)?,
            End::End => self.affixes.off_end(text, cx)?,
        };
        Ok(Value::Text(rest.unwrap_or(text)))
    }
}
