//! `trim`, `trim_start`, `trim_end`: remove whitespace, or given characters, from the ends.

use super::blank::is_blank;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

const ARGUMENTS: &[ArgumentSpec] =
    &[ArgumentSpec::main_optional("characters", ArgumentKind::Text, "the characters to remove instead of whitespace")];

const DETAILS: &str = "Whitespace is Unicode whitespace, including the no-break space, plus the zero width space, the \
    word joiner and the byte order mark, because spreadsheets and web forms leave them behind.";

/// The row of `trim`.
pub const TRIM: OpSpec = OpSpec {
    name: "trim",
    family: Family::Text,
    summary: "removes whitespace, or the given characters, from both ends",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"" Ada\u00a0""#, r#""Ada""#),
        example("", r#""\ufeffada@example.com\u200b""#, r#""ada@example.com""#),
        example(r#""'*""#, r#""'90417""#, r#""90417""#),
    ],
    build: |arguments| Ok(Box::new(Trim { start: true, end: true, characters: arguments.text("characters") })),
};

/// The row of `trim_start`.
pub const TRIM_START: OpSpec = OpSpec {
    name: "trim_start",
    family: Family::Text,
    summary: "removes whitespace, or the given characters, from the start",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"" Ada ""#, r#""Ada ""#), example(r#""0""#, r#""000417""#, r#""417""#)],
    build: |arguments| Ok(Box::new(Trim { start: true, end: false, characters: arguments.text("characters") })),
};

/// The row of `trim_end`.
pub const TRIM_END: OpSpec = OpSpec {
    name: "trim_end",
    family: Family::Text,
    summary: "removes whitespace, or the given characters, from the end",
    details: DETAILS,
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"" Ada ""#, r#"" Ada""#),
        example(r#""/""#, r#""https://example.com//""#, r#""https://example.com""#),
    ],
    build: |arguments| Ok(Box::new(Trim { start: false, end: true, characters: arguments.text("characters") })),
};

#[derive(Debug)]
struct Trim {
    start: bool,
    end: bool,
    characters: Option<String>,
}

impl Op for Trim {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let goes = |c: char| self.characters.as_ref().map_or_else(|| is_blank(c), |characters| characters.contains(c));
        let mut text = cx.text(input)?;
        if self.start {
            text = text.trim_start_matches(goes);
        }
        if self.end {
            text = text.trim_end_matches(goes);
        }
        Ok(Value::Text(text))
    }
}
