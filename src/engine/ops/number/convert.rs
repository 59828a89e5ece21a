//! `to_integer`, `to_number`, `to_text`, `round`, `abs`: numbers and their texts, without losing a digit.

use super::exact::{Exact, number};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The row of `to_integer`.
pub const TO_INTEGER: OpSpec = OpSpec {
    name: "to_integer",
    family: Family::Number,
    summary: "turns a number or its text into a whole number",
    details: "White space around it, a sign, leading zeros, an exponent and a zero fraction are fine; nothing is rounded. Ids \
              are texts: leave their leading zeros alone and do not use this on them.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::INTEGER),
    arguments: &[],
    fails: "it is not a whole number of 64 bits",
    takes_nothing: false,
    examples: &[
        example("", r#"" +0042 ""#, "42"),
        example("", "12.0", "12"),
        example_failure("", r#""12.5""#),
        example_failure("", r#""9223372036854775808""#),
    ],
    build: |_| Ok(Box::new(Convert::Integer)),
};

/// The row of `to_number`.
pub const TO_NUMBER: OpSpec = OpSpec {
    name: "to_number",
    family: Family::Number,
    summary: "turns text into the number it reads like",
    details: "Every digit stays, so `12.50` keeps its zero and a 21-digit number its end. White space around it, a plus sign and \
              leading zeros are dropped. A decimal comma must be replaced before.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: &[],
    fails: "the text is not a number",
    takes_nothing: false,
    examples: &[
        example("", r#"" 0012.50 ""#, "12.50"),
        example("", r#""123456789012345678901""#, "123456789012345678901"),
        example("", r#""+7""#, "7"),
        example_failure("", r#""12,5""#),
    ],
    build: |_| Ok(Box::new(Convert::Number)),
};

/// The row of `to_text`.
pub const TO_TEXT: OpSpec = OpSpec {
    name: "to_text",
    family: Family::Number,
    summary: "turns a number or boolean into text, as it is written",
    details: "",
    input: Kinds::SCALAR,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", "123456789012345678901", r#""123456789012345678901""#), example("", "true", r#""true""#)],
    build: |_| Ok(Box::new(Convert::Text)),
};

/// The row of `abs`.
pub const ABS: OpSpec = OpSpec {
    name: "abs",
    family: Family::Number,
    summary: "takes the sign off a number",
    details: "Text that reads like a number becomes one.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: &[],
    fails: "the text is not a number",
    takes_nothing: false,
    examples: &[
        example("", "-12.50", "12.50"),
        example("", "-9223372036854775808", "9223372036854775808"),
        example_failure("", r#""minus one""#),
    ],
    build: |_| Ok(Box::new(Convert::Abs)),
};

/// The row of `round`.
pub const ROUND: OpSpec = OpSpec {
    name: "round",
    family: Family::Number,
    summary: "rounds a number to so many decimals, 0 when left out",
    details: "Halves are rounded away from zero, on the digits as written, so 1.005 becomes 1.01. Zeros at the end are dropped.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: &[ArgumentSpec::main_optional("digits", ArgumentKind::Integer, "the digits behind the point, 0 to 30")],
    fails: "the text is not a number, or the number has more than 400 digits",
    takes_nothing: false,
    examples: &[
        example("", "-2.5", "-3"),
        example("2", r#""1.005""#, "1.01"),
        example("2", "3", "3"),
        example_failure("", r#""three""#),
    ],
    build: |arguments| {
        let digits = u32::try_from(arguments.integer("digits").unwrap_or(0)).ok().filter(|digits| *digits <= 30);
        let digits =
            digits.ok_or_else(|| ArgumentError::new("digits", "is out of range", "give a number from 0 to 30"))?;
        Ok(Box::new(Convert::Round(digits)))
    },
};

#[derive(Debug)]
enum Convert {
    Integer,
    Number,
    Text,
    Abs,
    Round(u32),
}

impl Op for Convert {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        match (self, input) {
            (Self::Text, _) => match input.scalar_text(cx.arena) {
                Some(text) => Ok(Value::Text(text)),
                None => Err(Failure::kind(Kinds::SCALAR, input)),
            },
            (Self::Integer | Self::Number | Self::Round(_), Value::Int(_)) => Ok(input),
            (Self::Integer, _) => {
                if let Value::Text(text) = input
                    && let Ok(whole) = text.trim().parse()
                {
                    return Ok(Value::Int(whole));
                }
                let whole = number(input)?.to_int();
                whole.map(Value::Int).ok_or_else(|| Failure::new("it is not a whole number of 64 bits"))
            }
            (Self::Number, _) => written(input, cx),
            (Self::Abs, _) => Ok(match written(input, cx)? {
                Value::Int(number) => number.checked_abs().map_or(Value::Decimal("9223372036854775808"), Value::Int),
                Value::Decimal(text) => Value::Decimal(text.strip_prefix('-').unwrap_or(text)),
                other => other,
            }),
            (Self::Round(digits), _) => made(&number(input)?.round(*digits), cx),
        }
    }
}

/// The number as it is written, brought to JSON's grammar.
fn written<'a>(input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let exact = number(input)?;
    let text = cx.text(input)?.trim();
    if !text.contains(['.', 'e', 'E'])
        && let Some(number) = exact.to_int()
    {
        return Ok(Value::Int(number));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let stripped = unsigned.trim_start_matches('0');
    let zero = if stripped.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
    if !text.starts_with('-') && zero.is_empty() {
        return Ok(Value::Decimal(stripped));
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    Ok(Value::Decimal(bumpalo::format!(in cx.arena, "{}{}{}", sign, zero, stripped).into_bump_str()))
}

/// A computed number: a whole number when it fits 64 bits, else its digits.
pub(super) fn made<'a>(exact: &Exact, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    if let Some(number) = exact.to_int() {
        return Ok(Value::Int(number));
    }
    let text = exact.to_text().ok_or_else(|| Failure::new("the number has more than 400 digits"))?;
    Ok(Value::Decimal(cx.arena.alloc_str(&text)))
}
