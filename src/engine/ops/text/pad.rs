//! `pad_start`, `pad_end`: pad a text to a length.

use bumpalo::collections::String as ArenaString;

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
};
use crate::engine::ops::arguments::need;
use crate::model::{Kinds, Value};

/// The largest length: no fixed-width field of an export is longer, and the limit bounds the memory of the step.
const MAX_LENGTH: usize = 1_000;

const ARGUMENTS: &[ArgumentSpec] = &[
    ArgumentSpec::main("length", ArgumentKind::Integer, "the minimum number of characters, 1 to 1000"),
    ArgumentSpec::optional("with", ArgumentKind::Text, "the character to add; a space by default"),
];

/// The row of `pad_start`.
pub const PAD_START: OpSpec = OpSpec {
    name: "pad_start",
    family: Family::Text,
    summary: "adds a character at the start until the text has a given length",
    details: "Restores the leading zeros that a postal code or an id lost when it was stored as a number.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[
        example(r#"{ length: 5, with: "0" }"#, "612", r#""00612""#),
        example(r#"{ length: 2, with: "0" }"#, r#""612""#, r#""612""#),
    ],
    build: |arguments| Ok(Box::new(Pad::build(arguments, Side::Start)?)),
};

/// The row of `pad_end`.
pub const PAD_END: OpSpec = OpSpec {
    name: "pad_end",
    family: Family::Text,
    summary: "adds a character at the end until the text has a given length",
    details: "Restores lost base64 padding, or the zeros of a fraction.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: ARGUMENTS,
    fails: "",
    takes_nothing: false,
    examples: &[example(r#"{ length: 4, with: "=" }"#, r#""YQ""#, r#""YQ==""#), example("5", r#""Ada""#, r#""Ada  ""#)],
    build: |arguments| Ok(Box::new(Pad::build(arguments, Side::End)?)),
};

#[derive(Debug)]
enum Side {
    Start,
    End,
}

#[derive(Debug)]
struct Pad {
    length: usize,
    with: char,
    side: Side,
}

impl Pad {
    fn build(arguments: &mut Arguments, side: Side) -> Result<Self, ArgumentError> {
        let length = usize::try_from(need(arguments.integer("length"), "length")?).unwrap_or(0);
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(ArgumentError::new(
                "length",
                "is out of range",
                format!("give a number from 1 to {MAX_LENGTH}"),
            ));
        }
        let with = arguments.text("with").unwrap_or_else(|| " ".to_owned());
        let mut characters = with.chars();
        match (characters.next(), characters.next()) {
            (Some(with), None) => Ok(Self { length, with, side }),
            _ => Err(ArgumentError::new("with", "is not one character", "give exactly one character")),
        }
    }
}

impl Op for Pad {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let lacking = self.length.saturating_sub(text.chars().count());
        if lacking == 0 {
            return Ok(Value::Text(text));
        }
        let padding = std::iter::repeat_n(self.with, lacking);
        let mut made = ArenaString::with_capacity_in(text.len() + lacking * self.with.len_utf8(), cx.arena);
        match self.side {
            Side::Start => {
                made.extend(padding);
                made.push_str(text);
            }
            Side::End => {
                made.push_str(text);
                made.extend(padding);
            }
        }
        Ok(Value::Text(made.into_bump_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::Argument;

    #[test]
    fn arguments_are_checked() {
        let fault = |length: i64, with: &str| {
            let mut arguments = Arguments::default();
            arguments.push("length", Argument::Integer(length));
            arguments.push("with", Argument::Text(with.to_owned()));
            Pad::build(&mut arguments, Side::Start).err().map(|error| error.argument)
        };
        assert_eq!(fault(1000, "é"), None);
        assert_eq!(fault(1001, "0"), Some("length"));
        assert_eq!(fault(0, "0"), Some("length"));
        assert_eq!(fault(i64::MIN, "0"), Some("length"));
        assert_eq!(fault(5, ""), Some("with"));
        assert_eq!(fault(5, "00"), Some("with"));
    }
}
