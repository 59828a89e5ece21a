//! `slice`, `truncate`: parts of a text by position.

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::engine::ops::arguments::need;
use crate::model::{Kinds, Value};

/// The row of `slice`.
pub const SLICE: OpSpec = OpSpec {
    name: "slice",
    family: Family::Text,
    summary: "returns the characters from `start` up to, but not including, `end`",
    details: "Positions count Unicode characters from 0, and from the end if negative. Positions outside the text are \
              clamped to its ends, so the result may be empty.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::optional("start", ArgumentKind::Integer, "the position of the first character; 0 by default"),
        ArgumentSpec::optional(
            "end",
            ArgumentKind::Integer,
            "the position after the last character; the end of the text by default",
        ),
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
        let (start, end) = (arguments.integer("start").unwrap_or(0), arguments.integer("end"));
        match end {
            Some(end) if (start < 0) == (end < 0) && end <= start => {
                let message = format!("is not behind `start`, {start}, so that the result is always empty");
                Err(ArgumentError::new("end", message, "`end` is the position behind the last character"))
            }
            Some(0) => {
                let message = "is 0, so that the result is always empty";
                Err(ArgumentError::new("end", message, "leave `end` out for the end of the text"))
            }
            end => Ok(Box::new(Slice { start, end })),
        }
    },
};

/// The row of `truncate`.
pub const TRUNCATE: OpSpec = OpSpec {
    name: "truncate",
    family: Family::Text,
    summary: "keeps at most a number of characters from the start",
    details: "Counts Unicode characters, so an accent that is a separate combining character may be cut off; `unicode: \
              nfc` before it prevents this.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("length", ArgumentKind::Integer, "the maximum number of characters")],
    fails: "",
    takes_nothing: false,
    examples: &[example("3", r#""Élodie""#, r#""Élo""#), example("50", r#""Ada""#, r#""Ada""#)],
    build: |arguments| {
        let length = need(arguments.integer("length"), "length")?;
        if length < 0 {
            return Err(ArgumentError::new("length", "is negative", "give the maximum number of characters"));
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

/// The byte offset of a character position; positions outside the text are clamped to its ends.
fn offset(text: &str, position: i64) -> usize {
    let count = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position >= 0 {
        text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
    } else {
        text.char_indices().nth_back(count - 1).map_or(0, |(at, _)| at)
    }
}
