//! Code shared by the byte decoders: lenient base64, output as bytes or text, and limits.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::engine::context::Cx;
use crate::engine::limits::MAX_TEXT_BYTES;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Arguments, Failure};
use crate::model::{Kinds, Value};

/// Text and bytes.
pub const TEXT_OR_BYTES: Kinds = Kinds::TEXT.or(Kinds::BYTES);

/// The `as` argument of decoders.
pub const AS: ArgumentSpec = ArgumentSpec::optional(
    "as",
    ArgumentKind::Choice(&["text", "bytes"]),
    "the kind of the result; `text` by default, which must be UTF-8",
);

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The base64 alphabet with `+/`, padded or not (RFC 4648, 4).
pub const ANY_STANDARD: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

/// The base64 alphabet with `-_`, padded or not (RFC 4648, 5).
pub const ANY_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// What a decoder returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Bytes,
}

impl As {
    /// Takes the argument `as`.
    pub fn take(arguments: &mut Arguments) -> Self {
        if arguments.text("as").as_deref() == Some("bytes") { Self::Bytes } else { Self::Text }
    }

    /// The decoded bytes as a value.
    pub fn value<'a>(self, bytes: &[u8], cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        check_size(bytes.len())?;
        match self {
            Self::Bytes => Ok(cx.keep_bytes(bytes)),
            Self::Text => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(cx.keep(text)),
                Err(_) => Err(Failure::new("the decoded bytes are not UTF-8 text")),
            },
        }
    }
}

/// Rejects a result of more than [`MAX_TEXT_BYTES`].
pub fn check_size(bytes: usize) -> Result<(), Failure> {
    if bytes > MAX_TEXT_BYTES {
        return Err(Failure::new(format!("the result is longer than {MAX_TEXT_BYTES} bytes")));
    }
    Ok(())
}

/// The bytes of a text as they are, or bytes.
pub fn raw_bytes<'a>(value: Value<'a>, cx: &Cx<'a>) -> Result<&'a [u8], Failure> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Ok(cx.text(other)?.as_bytes()),
    }
}

/// Reads base64 in either alphabet, padded or not, with line breaks and spaces (RFC 2045 wraps lines).
pub fn any_base64(text: &str) -> Result<Vec<u8>, Failure> {
    check_size(text.len() / 4 * 3)?;
    let text: Cow<'_, str> = if text.contains(|c: char| c.is_ascii_whitespace()) {
        Cow::Owned(text.chars().filter(|c| !c.is_ascii_whitespace()).collect())
    } else {
        Cow::Borrowed(text)
    };
    let engine = if text.contains(['-', '_']) { ANY_URL } else { ANY_STANDARD };
    engine.decode(text.as_bytes()).map_err(|_| not_base64())
}

/// Bytes as they are, or decoded from base64 text.
pub fn bytes_or_base64<'a>(value: Value<'a>, cx: &Cx<'a>) -> Result<Cow<'a, [u8]>, Failure> {
    match value {
        Value::Bytes(bytes) => Ok(Cow::Borrowed(bytes)),
        text => any_base64(cx.text(text)?).map(Cow::Owned),
    }
}

/// Bytes as they are, or decoded from hexadecimal text (only hexadecimal digits, and the expected number of bytes) or
/// base64 text.
pub fn bytes_hex_or_base64<'a>(
    value: Value<'a>,
    fits: fn(&[u8]) -> bool,
    cx: &Cx<'a>,
) -> Result<Cow<'a, [u8]>, Failure> {
    if let Value::Text(text) = value
        && text.len() <= 1024
        && let Ok(bytes) = hex::decode(text.strip_prefix("0x").unwrap_or(text))
        && fits(&bytes)
    {
        return Ok(Cow::Owned(bytes));
    }
    bytes_or_base64(value, cx)
}

/// The failure of text that is not base64.
pub fn not_base64() -> Failure {
    Failure::new("the text is not base64")
}
