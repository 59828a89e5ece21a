//! `from_hex`, `to_hex`.

use super::bytes::{AS, As, TEXT_OR_BYTES, check_size, raw_bytes};
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of `from_hex`.
pub const FROM_HEX: OpSpec = OpSpec {
    name: "from_hex",
    family: Family::Decode,
    summary: "decodes hexadecimal text",
    details: "Accepts digits in either case. A leading `0x` (SQL Server, MySQL) or `\\x` (PostgreSQL) is dropped. The \
              result is text unless `as: bytes` is set.",
    input: Kinds::TEXTUAL,
    output: Output::Is(TEXT_OR_BYTES),
    arguments: &[AS],
    fails: "the text is not hexadecimal, has an odd number of digits, or the bytes are not UTF-8 text",
    takes_nothing: false,
    examples: &[
        example("", r#""416461""#, r#""Ada""#),
        example("{ as: bytes }", r#""0xFFD8""#, r#""bytes ffd8""#),
        example_failure("", r#""41646""#),
    ],
    build: |arguments| Ok(Box::new(FromHex(As::take(arguments)))),
};

#[derive(Debug)]
struct FromHex(As);

impl Op for FromHex {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        check_size(text.len() / 2)?;
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).or_else(|| text.strip_prefix("\\x"));
        let bytes = hex::decode(digits.unwrap_or(text)).map_err(|_| Failure::new("the text is not hexadecimal"))?;
        self.0.value(&bytes, cx)
    }
}

/// The row of `to_hex`.
pub const TO_HEX: OpSpec = OpSpec {
    name: "to_hex",
    family: Family::Decode,
    summary: "encodes text or bytes as hexadecimal text",
    details: "Digits are in lower case; text is encoded as its UTF-8 bytes.",
    input: Kinds::TEXTUAL.or(Kinds::BYTES),
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#""Ada""#, r#""416461""#), example("", r#""é""#, r#""c3a9""#)],
    build: |_| Ok(Box::new(ToHex)),
};

#[derive(Debug)]
struct ToHex;

impl Op for ToHex {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let bytes = raw_bytes(input, cx)?;
        check_size(bytes.len().saturating_mul(2))?;
        Ok(cx.keep(&hex::encode(bytes)))
    }
}
