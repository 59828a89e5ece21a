//! `slice`, `truncate`: part of a text by counting characters.

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::engine::ops::arguments::need;
use crate::model::{Kinds, Value};

/// The row of `slice`.
pub const SLICE: OpSpec = OpSpec {
    name: "slice",
    family: Family::Text,
    summary: "takes the characters from one position up to, but not including, another",
    details: "Positions count Unicode characters from 0, and from the end when negative. Positions outside the text are moved \
              to its ends, so the result may be empty.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::optional("start", ArgumentKind::Integer, "the first character; 0 when left out"),
        ArgumentSpec::optional("end", ArgumentKind::Integer, "the character after the last; the end when left out"),
    ],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("{ start: 0, end: 4 }", r#""19840229""#, r#""1984""#),
        example("{ start: -4 }", r#""4111 1111 1111 1234""#, r#""1234""#),
        example("{ start: 1, end: -1 }", r#""«é»""#, r#""é""#),
        example("{ start: 9 }", r#""abc""#, r#""""#),
    ],
    build: |arguments| {
        Ok(Box::new(Slice { start: arguments.integer("start").unwrap_or(0), end: arguments.integer("end") }))
    },
};

/// The row of `truncate`.
pub const TRUNCATE: OpSpec = OpSpec {
    name: "truncate",
    family: Family::Text,
    summary: "keeps at most so many characters from the start",
    details: "Unicode characters are counted; an accent that is written as a character of its own may be cut off, which \
              `unicode: nfc` before it prevents.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("length", ArgumentKind::Integer, "the largest number of characters")],
    fails: "",
    takes_nothing: false,
    examples: &[example("3", r#""Élodie""#, r#""Élo""#), example("50", r#""Ada""#, r#""Ada""#)],
    build: |arguments| {
        let length = need(arguments.integer("length"), "length")?;
        if length < 0 {
            return Err(ArgumentError::new("length", "is negative", "give the largest number of characters"));
        }
        Ok(Box::new(Slice { start: 0, end: Some(length) }))
    },
};

#[derive(Debug)]
struct Slice {
    start: i64,
    end: Option<i64>,
}

impl Op for Slice {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let start = offset(text, self.start);
        let end = self.end.map_or(text.len(), |end| offset(text, end));
        Ok(Value::Text(text.get(start..end.max(start)).unwrap_or_default()))
    }
}

/// The byte offset of a character position; positions outside the text are its ends.
fn offset(text: &str, position: i64) -> usize {
    let count = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position >= 0 {
        text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
    } else {
        text.char_indices().nth_back(count - 1).map_or(0, |(at, _)| at)
    }
}
