//! `from_base64`, `to_base64`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::bytes::{ANY_URL, AS, As, TEXT_OR_BYTES, any_base64, check_size, not_base64, raw_bytes};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of `from_base64`.
pub const FROM_BASE64: OpSpec = OpSpec {
    name: "from_base64",
    family: Family::Decode,
    summary: "decodes base64",
    details: "Follows RFC 4648. `any` accepts both alphabets, padded or not, with line breaks; `standard` accepts only \
              the alphabet with `+/` and requires padding; `url` accepts only the alphabet with `-_`, padded or not. \
              The result is text unless `as: bytes` is set.",
    input: Kinds::TEXTUAL,
    output: Output::Is(TEXT_OR_BYTES),
    arguments: &[
        ArgumentSpec::main_optional(
            "variant",
            ArgumentKind::Choice(&["any", "standard", "url"]),
            "the variant of base64; `any` by default",
        ),
        AS,
    ],
    fails: "the text is not base64 of this variant, or the bytes are not UTF-8 text",
    takes_nothing: false,
    examples: &[
        example("", r#""R3LDvMOfZQ==""#, r#""Grüße""#),
        example("{ as: bytes }", r#""/9j/""#, r#""bytes ffd8ff""#),
        example("url", r#""YT9iPmM_""#, r#""a?b>c?""#),
        example_failure("standard", r#""R3LDvMOfZQ""#),
        example_failure("", r#""/9j/""#),
    ],
    build: |arguments| {
        let variant = match arguments.text("variant").as_deref() {
            Some("standard") => Variant::Standard,
            Some("url") => Variant::Url,
            _ => Variant::Any,
        };
        Ok(Box::new(FromBase64(variant, As::take(arguments))))
    },
};

#[derive(Debug, Clone, Copy)]
enum Variant {
    Any,
    Standard,
    Url,
}

#[derive(Debug)]
struct FromBase64(Variant, As);

impl Op for FromBase64 {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        check_size(text.len() / 4 * 3)?;
        let bytes = match self.0 {
            Variant::Any => any_base64(text)?,
            Variant::Standard => STANDARD.decode(text).map_err(|_| not_base64())?,
            Variant::Url => ANY_URL.decode(text).map_err(|_| not_base64())?,
        };
        self.1.value(&bytes, cx)
    }
}

/// The row of `to_base64`.
pub const TO_BASE64: OpSpec = OpSpec {
    name: "to_base64",
    family: Family::Decode,
    summary: "encodes text or bytes as base64",
    details: "Follows RFC 4648; text is encoded as its UTF-8 bytes. `standard` is padded and `url` is not, unless \
              `padding` is set.",
    input: Kinds::TEXTUAL.or(Kinds::BYTES),
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional(
            "variant",
            ArgumentKind::Choice(&["standard", "url"]),
            "the variant of base64; `standard` by default",
        ),
        ArgumentSpec::optional("padding", ArgumentKind::Boolean, "whether to pad with `=`"),
    ],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""Grüße""#, r#""R3LDvMOfZQ==""#),
        example("url", r#""a?b>c?""#, r#""YT9iPmM_""#),
        example("{ padding: false }", r#""Grüße""#, r#""R3LDvMOfZQ""#),
    ],
    build: |arguments| {
        let url = arguments.text("variant").as_deref() == Some("url");
        let padding = arguments.boolean("padding").unwrap_or(!url);
        Ok(Box::new(ToBase64 { url, padding }))
    },
};

#[derive(Debug)]
struct ToBase64 {
    url: bool,
    padding: bool,
}

impl Op for ToBase64 {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let bytes = raw_bytes(input, cx)?;
        check_size(bytes.len().div_ceil(3).saturating_mul(4))?;
        let engine = match (self.url, self.padding) {
            (false, true) => STANDARD,
            (false, false) => STANDARD_NO_PAD,
            (true, true) => URL_SAFE,
            (true, false) => URL_SAFE_NO_PAD,
        };
        Ok(cx.keep(&engine.encode(bytes)))
    }
}
