//! `to_integer`, `to_number`, `to_text`, `round`, `abs`: conversions between numbers and text that keep every digit.

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
    summary: "converts a number or its text to a whole number",
    details: "Surrounding whitespace, a sign, leading zeros, an exponent and a zero fraction are accepted; nothing is \
              rounded. Do not use this on ids: they are text, and their leading zeros matter. With `base`, the digits \
              are read in that base, in either case; the prefixes `0x` (base 16), `0o` (base 8) and `0b` (base 2) are \
              skipped.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::INTEGER),
    arguments: &[ArgumentSpec::main_optional(
        "base",
        ArgumentKind::Integer,
        "the base of the digits, 2 to 36; 10 by default",
    )],
    fails: "the value is not a 64-bit whole number",
    takes_nothing: false,
    examples: &[
        example("", r#"" +0042 ""#, "42"),
        example("", "12.0", "12"),
        example("16", r#""0x1F4""#, "500"),
        example("{ base: 36 }", r#""-ZZ""#, "-1295"),
        example_failure("2", r#""102""#),
        example_failure("", r#""12.5""#),
        example_failure("", r#""9223372036854775808""#),
    ],
    build: |arguments| {
        let base = arguments.integer("base").unwrap_or(10);
        match u32::try_from(base).ok().filter(|base| (2..=36).contains(base)) {
            Some(10) => Ok(Box::new(Convert::Integer)),
            Some(base) => Ok(Box::new(Convert::Based(base))),
            None => Err(ArgumentError::new("base", "is out of range", "give a number from 2 to 36")),
        }
    },
};

/// The row of `to_number`.
pub const TO_NUMBER: OpSpec = OpSpec {
    name: "to_number",
    family: Family::Number,
    summary: "converts text to the number it represents",
    details: "Every digit is kept: `12.50` keeps its zero, and a 21-digit number stays exact. Surrounding whitespace, \
              a plus sign and leading zeros are dropped. Replace a decimal comma with a point first.",
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
    summary: "converts a number or boolean to text, as written",
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
    summary: "returns the absolute value of a number",
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
    summary: "rounds a number to a number of decimals, 0 by default",
    details: "Halves are rounded away from zero, using the digits as written, so 1.005 becomes 1.01. Trailing zeros \
              are dropped.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::NUMBER),
    arguments: &[ArgumentSpec::main_optional("digits", ArgumentKind::Integer, "the number of decimals, 0 to 30")],
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
    /// A whole number with digits in this base.
    Based(u32),
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
                whole.map(Value::Int).ok_or_else(|| Failure::new("the value is not a 64-bit whole number"))
            }
            // the digits of a number are read in the base, too: 10 is 2 in binary
            (Self::Based(base), _) => based(cx.text(input)?.trim(), *base)
                .map(Value::Int)
                .ok_or_else(|| Failure::new(format!("the value is not a 64-bit whole number in base {base}"))),
            (Self::Number, _) => written(input, cx),
            (Self::Abs, _) => Ok(match written(input, cx)? {
                Value::Int(number) => number.checked_abs().map_or(Value::Decimal("9223372036854775808"), Value::Int),
                Value::Decimal(text) => Value::Decimal(text.strip_prefix('-').unwrap_or(text)),
                other => other,
            }),
            (Self::Round(digits), _) => to_value(&number(input)?.round(*digits), cx),
        }
    }
}

/// Parses digits in a base, with an optional sign and the usual prefix of the base; `None` if the number does not fit in
/// 64 bits.
fn based(text: &str, base: u32) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    let (head, rest) = digits.split_at_checked(prefix.len()).unwrap_or(("", digits));
    let digits = if head.eq_ignore_ascii_case(prefix) { rest } else { digits };
    if !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let size = i128::from_str_radix(digits, base).ok()?;
    i64::try_from(if text.starts_with('-') { -size } else { size }).ok()
}

/// The number as written, adjusted to JSON's grammar.
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

/// A computed number: an integer if it fits in 64 bits, otherwise its digits.
pub(super) fn to_value<'a>(exact: &Exact, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    if let Some(number) = exact.to_int() {
        return Ok(Value::Int(number));
    }
    let text = exact.to_text().ok_or_else(|| Failure::new("the number has more than 400 digits"))?;
    Ok(Value::Decimal(cx.arena.alloc_str(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_in_any_base() {
        for (text, base, wanted) in [
            ("0XfF", 16, Some(255)),
            ("-0x10", 16, Some(-16)),
            ("0b10", 16, Some(0xb10)),
            ("0b10", 2, Some(2)),
            ("0o17", 8, Some(15)),
            ("0x", 16, None),
            ("0x0x1", 16, None),
            ("0x-1", 16, None),
            ("+-1", 16, None),
            ("", 16, None),
            ("1_0", 2, None),
            ("1.0", 16, None),
            ("-8000000000000000", 16, Some(i64::MIN)),
            ("8000000000000000", 16, None),
            ("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 36, None),
            ("\u{ff11}", 16, None),
        ] {
            assert_eq!(based(text, base), wanted, "{text} {base}");
        }
    }
}
