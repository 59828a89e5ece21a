//! `url_decode`, `url_encode`: percent-encoding.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::bytes::check_size;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// All characters except the unreserved ones of RFC 3986, 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The row of `url_decode`.
pub const URL_DECODE: OpSpec = OpSpec {
    name: "url_decode",
    family: Family::Decode,
    summary: "decodes percent-encoded text",
    details: "Follows RFC 3986, section 2.1. A percent sign that is not followed by two hexadecimal digits stays \
              unchanged. With `plus`, a plus sign becomes a space, as in form data.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "plus",
        ArgumentKind::Boolean,
        "whether to decode `+` as a space; false by default",
    )],
    fails: "the decoded bytes are not UTF-8 text",
    takes_nothing: false,
    examples: &[
        example("", r#""Zo%C3%AB+%26%20Bob""#, r#""Zoë+& Bob""#),
        example("true", r#""Zo%C3%AB+%26%20Bob""#, r#""Zoë & Bob""#),
        example("", r#""100%""#, r#""100%""#),
        example_failure("", r#""Zo%EB""#),
    ],
    build: |arguments| Ok(Box::new(UrlDecode(arguments.boolean("plus").unwrap_or(false)))),
};

#[derive(Debug)]
struct UrlDecode(bool);

impl Op for UrlDecode {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(Value::Text(decoded(cx.text(input)?, self.0, cx)?))
    }
}

/// The decoded text; borrowed if nothing is encoded.
pub fn decoded<'a>(text: &'a str, plus: bool, cx: &Cx<'a>) -> Result<&'a str, Failure> {
    let plus = plus && text.contains('+');
    if !plus && !text.contains('%') {
        return Ok(text);
    }
    check_size(text.len())?;
    let spaced = if plus { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(cx.arena.alloc_str(&text)),
        Err(_) => Err(Failure::new("the decoded bytes are not UTF-8 text")),
    }
}

/// The row of `url_encode`.
pub const URL_ENCODE: OpSpec = OpSpec {
    name: "url_encode",
    family: Family::Decode,
    summary: "percent-encodes text for use in a URL",
    details: "All characters except ASCII letters, digits and `-._~` (RFC 3986, 2.3) are written as percent signs and \
              the hexadecimal digits of their UTF-8 bytes.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""Zoë & Bob""#, r#""Zo%C3%AB%20%26%20Bob""#),
        example("", r#""a-b.c_d~e""#, r#""a-b.c_d~e""#),
    ],
    build: |_| Ok(Box::new(UrlEncode)),
};

#[derive(Debug)]
struct UrlEncode;

impl Op for UrlEncode {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let size = utf8_percent_encode(text, RESERVED).map(str::len).sum();
        if size == text.len() {
            return Ok(Value::Text(text));
        }
        check_size(size)?;
        let mut encoded = bumpalo::collections::String::with_capacity_in(size, cx.arena);
        encoded.extend(utf8_percent_encode(text, RESERVED));
        Ok(Value::Text(encoded.into_bump_str()))
    }
}
