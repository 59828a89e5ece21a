//! Functions from bytes to bytes: case, trimming, encodings, escapes.

use std::str;

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::error::TemplateEvaluateError;
use super::sink::Sink;

/// A function with one argument that is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextFunction {
    Upper,
    Lower,
    Trim,
    Utf16le,
    Latin1,
    Cp1252,
    Nfc,
    Nfkc,
    Hex,
    Unhex,
    Base64,
    Unbase64,
    Addslashes,
    Htmlspecialchars,
}

type Written = Result<(), TemplateEvaluateError>;

impl TextFunction {
    /// All functions, for look-up and suggestions.
    pub(super) const ALL: &[Self] = &[
        Self::Upper,
        Self::Lower,
        Self::Trim,
        Self::Utf16le,
        Self::Latin1,
        Self::Cp1252,
        Self::Nfc,
        Self::Nfkc,
        Self::Hex,
        Self::Unhex,
        Self::Base64,
        Self::Unbase64,
        Self::Addslashes,
        Self::Htmlspecialchars,
    ];

    /// The name in templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Upper => "upper",
            Self::Lower => "lower",
            Self::Trim => "trim",
            Self::Utf16le => "utf16le",
            Self::Latin1 => "latin1",
            Self::Cp1252 => "cp1252",
            Self::Nfc => "nfc",
            Self::Nfkc => "nfkc",
            Self::Hex => "hex",
            Self::Unhex => "unhex",
            Self::Base64 => "base64",
            Self::Unbase64 => "unbase64",
            Self::Addslashes => "addslashes",
            Self::Htmlspecialchars => "htmlspecialchars",
        }
    }

    /// Applies the function to `bytes`.
    pub(super) fn apply(self, bytes: &[u8], sink: &mut dyn Sink) -> Written {
        let text = || str::from_utf8(bytes).map_err(|_| TemplateEvaluateError::NotText(self.name()));
        match self {
            Self::Upper => upper(bytes, sink),
            Self::Lower => lower(bytes, sink),
            Self::Trim => sink.put(trim(bytes)),
            Self::Utf16le => text()?.encode_utf16().try_for_each(|unit| sink.put(&unit.to_le_bytes())),
            Self::Latin1 => self.single_bytes(text()?, latin1, sink),
            Self::Cp1252 => self.single_bytes(text()?, cp1252, sink),
            Self::Nfc => put_chars(text()?.nfc(), sink),
            Self::Nfkc => put_chars(text()?.nfkc(), sink),
            Self::Hex => bytes.iter().try_for_each(|byte| sink.put(&hex_pair(*byte))),
            Self::Unhex => unhex(bytes, sink),
            Self::Base64 => sink.put(Zeroizing::new(STANDARD.encode(bytes)).as_bytes()),
            Self::Unbase64 => unbase64(bytes, sink),
            Self::Addslashes => put_escaped(bytes, slashed, sink),
            Self::Htmlspecialchars => put_escaped(bytes, entity, sink),
        }
    }

    fn single_bytes(self, text: &str, encode: fn(char) -> Option<u8>, sink: &mut dyn Sink) -> Written {
        text.chars().try_for_each(|c| {
            let byte = encode(c).ok_or(TemplateEvaluateError::NotEncodable(self.name()))?;
            sink.put(&[byte])
        })
    }
}

fn upper(bytes: &[u8], sink: &mut dyn Sink) -> Written {
    match str::from_utf8(bytes) {
        Ok(text) => sink.put(Zeroizing::new(text.to_uppercase()).as_bytes()),
        Err(_) => sink.put(&Zeroizing::new(bytes.to_ascii_uppercase())),
    }
}

fn lower(bytes: &[u8], sink: &mut dyn Sink) -> Written {
    match str::from_utf8(bytes) {
        Ok(text) => sink.put(Zeroizing::new(text.to_lowercase()).as_bytes()),
        Err(_) => sink.put(&Zeroizing::new(bytes.to_ascii_lowercase())),
    }
}

/// PHP's `trim`: <https://www.php.net/manual/en/function.trim.php>.
fn trim(bytes: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\0' | 0x0b);
    let start = bytes.iter().position(is_kept).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(is_kept).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

fn latin1(c: char) -> Option<u8> {
    u8::try_from(u32::from(c)).ok()
}

/// Windows-1252 as in the WHATWG encoding standard: five unassigned bytes are the C1 controls with the same number.
fn cp1252(c: char) -> Option<u8> {
    /// The characters of the bytes 0x80 to 0x9F.
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', //
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let high = (0x80_u8..=0x9f).zip(HIGH).find(|(_, high)| *high == c).map(|(byte, _)| byte);
    high.or_else(|| latin1(c).filter(|byte| !(0x80..=0x9f).contains(byte)))
}

fn put_chars(chars: impl Iterator<Item = char>, sink: &mut dyn Sink) -> Written {
    let mut buffer = Zeroizing::new([0_u8; 4]);
    for c in chars {
        sink.put(c.encode_utf8(&mut *buffer).as_bytes())?;
    }
    Ok(())
}

fn hex_pair(byte: u8) -> [u8; 2] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    [digit(byte >> 4), digit(byte & 0x0f)]
}

fn unhex(bytes: &[u8], sink: &mut dyn Sink) -> Written {
    let decoded = hex::decode(bytes).map(Zeroizing::new).map_err(|_| TemplateEvaluateError::NotHex)?;
    sink.put(&decoded)
}

/// Both alphabets of RFC 4648, with or without padding: legacy exports mix them.
fn unbase64(bytes: &[u8], sink: &mut dyn Sink) -> Written {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
    let standard = |byte: &u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    };
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(bytes.iter().map(standard).collect());
    let decoded = ENGINE.decode(&*text).map(Zeroizing::new).map_err(|_| TemplateEvaluateError::NotBase64)?;
    sink.put(&decoded)
}

/// Writes runs of plain bytes unchanged, and escapes the others.
fn put_escaped(bytes: &[u8], escape: fn(u8) -> Option<&'static [u8]>, sink: &mut dyn Sink) -> Written {
    for run in bytes.chunk_by(|left, right| escape(*left).is_none() && escape(*right).is_none()) {
        match run {
            [byte] => sink.put(escape(*byte).unwrap_or(run))?,
            _ => sink.put(run)?,
        }
    }
    Ok(())
}

/// PHP's `addslashes`: <https://www.php.net/manual/en/function.addslashes.php>.
fn slashed(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'\'' => Some(b"\\'"),
        b'"' => Some(b"\\\""),
        b'\\' => Some(b"\\\\"),
        b'\0' => Some(b"\\0"),
        _ => None,
    }
}

/// PHP's `htmlspecialchars` with `ENT_COMPAT`: <https://www.php.net/manual/en/function.htmlspecialchars.php>.
fn entity(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'&' => Some(b"&amp;"),
        b'"' => Some(b"&quot;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        _ => None,
    }
}
