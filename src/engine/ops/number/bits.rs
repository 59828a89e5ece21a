//! `bits`: the bits of a number that a mask selects.

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{need, present};
use crate::engine::ops::number::exact::number;
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const BITS: OpSpec = OpSpec {
    name: "bits",
    family: Family::Number,
    summary: "keeps the bits of a number that are set in a mask",
    details: "Use it before a `lookup` when several bits together form one code; to test a single flag, use \
              `has_bits`. Numbers and masks are whole numbers or their text, decimal or `0x…`; negative numbers are \
              two's complement.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::INTEGER),
    arguments: &[ArgumentSpec::main(
        "mask",
        ArgumentKind::Operand,
        "the bits to keep, as a whole number or text such as `0x200`",
    )],
    fails: "the value or the mask is not a 64-bit whole number",
    takes_nothing: false,
    examples: &[
        example("3", r#""514""#, "2"),
        example(r#""0xF00""#, r#""0x0a12""#, "2560"),
        example("-1", "-2147483646", "-2147483646"),
        example_failure("3", "1.5"),
    ],
    build: |arguments| Ok(Box::new(Bits(need(arguments.operand("mask"), "mask")?))),
};

#[derive(Debug)]
struct Bits(Operand);

impl Op for Bits {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Int(whole(input)? & mask(present(&self.0, "mask", cx)?)?))
    }
}

/// The whole number of a value: a number, or its text, decimal or `0x…`.
pub(in crate::engine::ops) fn whole(value: Value<'_>) -> Result<i64, Failure> {
    read(value).ok_or_else(|| Failure::new("it is not a 64-bit whole number"))
}

/// The whole number of the argument `mask`.
pub(in crate::engine::ops) fn mask(value: Value<'_>) -> Result<i64, Failure> {
    read(value).ok_or_else(|| Failure::new("the argument `mask` is not a 64-bit whole number"))
}

fn read(value: Value<'_>) -> Option<i64> {
    let hex = value.as_text().and_then(|text| text.trim().strip_prefix("0x").or(text.trim().strip_prefix("0X")));
    match hex {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
        }
        Some(_) => None,
        None => number(value).ok()?.to_int(),
    }
}
