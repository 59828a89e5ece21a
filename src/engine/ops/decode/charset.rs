//! `decode_text`, `encode_text`: convert between bytes and text in the charsets of legacy systems.

use super::bytes::{TEXT_OR_BYTES, bytes_or_base64, check_size};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

const CHARSETS: &[&str] = &["utf-8", "latin1", "cp1252", "utf-16le", "utf-16be"];

/// The row of `decode_text`.
pub const DECODE_TEXT: OpSpec = OpSpec {
    name: "decode_text",
    family: Family::Decode,
    summary: "decodes bytes in a charset to text",
    details: "Accepts bytes, or their base64 text. A byte order mark of the charset is dropped. `latin1` is ISO \
              8859-1; `cp1252` is Windows code page 1252, without the five bytes that it leaves undefined. To repair \
              text that was decoded with the wrong charset, use `encode_text` with that charset, then `decode_text` \
              with the right one.",
    input: TEXT_OR_BYTES,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "charset",
        ArgumentKind::Choice(CHARSETS),
        "the charset; `utf-8` by default",
    )],
    fails: "the bytes are not valid in the charset, or the text is not base64",
    takes_nothing: false,
    examples: &[
        example("", r#""77u/Wm/Dqw==""#, r#""Zoë""#),
        example("latin1", r#""Wm/r""#, r#""Zoë""#),
        example("utf-16le", r#""YQDpAA==""#, r#""aé""#),
        example_failure("", r#""Wm/r""#),
    ],
    build: |arguments| Ok(Box::new(DecodeText(Charset::take(arguments)))),
};

/// The row of `encode_text`.
pub const ENCODE_TEXT: OpSpec = OpSpec {
    name: "encode_text",
    family: Family::Decode,
    summary: "encodes text as bytes in a charset",
    details: "No byte order mark is written.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::BYTES),
    arguments: &[ArgumentSpec::main_optional(
        "charset",
        ArgumentKind::Choice(CHARSETS),
        "the charset; `utf-8` by default",
    )],
    fails: "a character is not in the charset",
    takes_nothing: false,
    examples: &[
        example("", r#""é""#, r#""bytes c3a9""#),
        example("cp1252", r#""€é""#, r#""bytes 80e9""#),
        example("utf-16le", r#""aé""#, r#""bytes 6100e900""#),
        example_failure("latin1", r#""€""#),
    ],
    build: |arguments| Ok(Box::new(EncodeText(Charset::take(arguments)))),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Utf8,
    Latin1,
    Cp1252,
    Utf16Le,
    Utf16Be,
}

/// The characters of the bytes 0x80 to 0x9F in Windows code page 1252 (the mapping file of Unicode, Inc.).
const CP1252: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

impl Charset {
    fn take(arguments: &mut Arguments) -> Self {
        match arguments.text("charset").as_deref() {
            Some("latin1") => Self::Latin1,
            Some("cp1252") => Self::Cp1252,
            Some("utf-16le") => Self::Utf16Le,
            Some("utf-16be") => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => {
                let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
                std::str::from_utf8(bytes).ok().map(str::to_owned)
            }
            Self::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Self::Cp1252 => bytes.iter().map(|byte| cp1252(*byte)).collect(),
            Self::Utf16Le => utf16(bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes), u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes.strip_prefix(b"\xfe\xff").unwrap_or(bytes), u16::from_be_bytes),
        }
    }

    fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Latin1 => text.chars().map(|c| u8::try_from(c).ok()).collect(),
            Self::Cp1252 => text.chars().map(to_cp1252).collect(),
            Self::Utf16Le => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16Be => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        }
    }
}

fn cp1252(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9f => CP1252.get(usize::from(byte - 0x80)).copied().flatten(),
        _ => Some(char::from(byte)),
    }
}

fn to_cp1252(c: char) -> Option<u8> {
    match u8::try_from(c) {
        Ok(byte) if !(0x80..=0x9f).contains(&byte) => Some(byte),
        Ok(_) => None,
        Err(_) => (0x80..=0x9f).find(|byte| cp1252(*byte) == Some(c)),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<_, _>>().ok()
}

#[derive(Debug)]
struct DecodeText(Charset);

impl Op for DecodeText {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let bytes = bytes_or_base64(input, cx)?;
        check_size(bytes.len())?;
        let text = self.0.decode(&bytes).ok_or_else(|| Failure::new("the bytes are not valid in the charset"))?;
        check_size(text.len())?;
        Ok(cx.keep(&text))
    }
}

#[derive(Debug)]
struct EncodeText(Charset);

impl Op for EncodeText {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        check_size(text.len())?;
        let bytes = self.0.encode(text).ok_or_else(|| Failure::new("a character is not in the charset"))?;
        check_size(bytes.len())?;
        Ok(cx.keep_bytes(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Charset; 5] = [Charset::Utf8, Charset::Latin1, Charset::Cp1252, Charset::Utf16Le, Charset::Utf16Be];

    #[test]
    fn bytes_become_text() {
        for (charset, bytes, wanted) in [
            (Charset::Utf8, &b"\xef\xbb\xbfZo\xc3\xab"[..], Some("Zoë")),
            (Charset::Utf8, b"Zo\xeb", None),
            (Charset::Latin1, b"Zo\xeb", Some("Zoë")),
            (Charset::Cp1252, b"\x80\x99", Some("€™")),
            (Charset::Cp1252, b"\x81", None),
            (Charset::Utf16Le, b"\xff\xfea\0", Some("a")),
            (Charset::Utf16Be, b"\xd8\x34\xdd\x1e", Some("𝄞")),
            (Charset::Utf16Be, b"\xd8\x34", None),
            (Charset::Utf16Le, b"a", None),
        ] {
            assert_eq!(charset.decode(bytes).as_deref(), wanted, "{charset:?}");
        }
        let mojibake = Charset::Cp1252.encode("ZoÃ«").unwrap();
        assert_eq!(Charset::Utf8.decode(&mojibake).as_deref(), Some("Zoë"));
    }

    proptest! {
        #[test]
        fn encoded_text_round_trips(text in "[^\u{feff}]{0,20}") {
            for charset in ALL {
                if let Some(bytes) = charset.encode(&text) {
                    prop_assert_eq!(charset.decode(&bytes), Some(text.clone()));
                }
            }
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for charset in ALL {
                if let Some(text) = charset.decode(&bytes) {
                    prop_assert!(text.chars().count() <= bytes.len());
                }
            }
        }
    }
}
