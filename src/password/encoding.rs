//! The alphabets of hashes: hexadecimal, base64 and its variants, and the crypt(3) alphabet.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use subtle::ConstantTimeEq;

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, general_purpose::NO_PAD);

/// The alphabet of crypt(3), in the order of its values.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whether two byte strings are equal, in time that depends on their lengths only.
#[must_use]
pub fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Hexadecimal in either case.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}

/// Base64 in the standard or the URL-safe alphabet, padded or not; stray trailing bits are an error.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode(text).ok()
}

/// Standard base64 with padding.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// Standard base64 without padding, as in PHC strings.
#[must_use]
pub fn to_base64_unpadded(bytes: &[u8]) -> String {
    general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// passlib's base64: `.` for `+`, no padding. Also accepts `+`.
#[must_use]
pub fn from_ab64(text: &str) -> Option<Vec<u8>> {
    from_base64(&text.replace('.', "+"))
}

/// passlib's base64: `.` for `+`, no padding.
#[must_use]
pub fn to_ab64(bytes: &[u8]) -> String {
    to_base64_unpadded(bytes).replace('+', ".")
}

/// bcrypt's base64. Set padding bits are an error, because libraries disagree on their meaning.
#[must_use]
pub fn from_bcrypt64(text: &str) -> Option<Vec<u8>> {
    BCRYPT.decode(text).ok()
}

/// bcrypt's base64.
#[must_use]
pub fn to_bcrypt64(bytes: &[u8]) -> String {
    BCRYPT.encode(bytes)
}

/// The value of one character of the crypt(3) alphabet.
#[must_use]
pub fn crypt64_value(character: u8) -> Option<u8> {
    match character {
        b'.' | b'/' => Some(character - b'.'),
        b'0'..=b'9' => Some(character - b'0' + 2),
        b'A'..=b'Z' => Some(character - b'A' + 12),
        b'a'..=b'z' => Some(character - b'a' + 38),
        _ => None,
    }
}

/// The character of the crypt(3) alphabet for the lower six bits.
#[must_use]
pub fn crypt64_character(value: u64) -> char {
    usize::try_from(value & 63).ok().and_then(|at| CRYPT.get(at)).map_or('.', |byte| char::from(*byte))
}

/// A number in the crypt(3) alphabet, least significant character first; at most ten characters.
#[must_use]
pub fn from_crypt64_number(text: &str) -> Option<u64> {
    if text.len() > 10 {
        return None;
    }
    text.bytes().rev().try_fold(0, |number, byte| Some(number << 6 | u64::from(crypt64_value(byte)?)))
}

/// A number in the crypt(3) alphabet, least significant character first.
#[must_use]
pub fn to_crypt64_number(number: u64, characters: usize) -> String {
    (0..characters)
        .map(|at| crypt64_character(number.checked_shr(6 * u32::try_from(at).unwrap_or(64)).unwrap_or(0)))
        .collect()
}

/// Bytes in the crypt(3) alphabet, three bytes to four characters, least significant first.
#[must_use]
pub fn to_crypt64(bytes: &[u8]) -> String {
    let group = |chunk: &[u8]| {
        let number = chunk.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        to_crypt64_number(number, chunk.len() + 1)
    };
    bytes.chunks(3).map(group).collect()
}

/// The inverse of [`to_crypt64`]; stray bits and a single remaining character are errors.
#[must_use]
pub fn from_crypt64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let number = from_crypt64_number(std::str::from_utf8(chunk).ok()?)?;
        let count = chunk.len().checked_sub(1).filter(|count| *count > 0)?;
        let (kept, stray) = number.to_le_bytes().split_at_checked(count).map(|(k, s)| (k.to_vec(), s.to_vec()))?;
        if stray.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend(kept);
    }
    Some(bytes)
}

/// The text as UTF-16LE; `None` if the bytes are not UTF-8, which cannot be typed on a system that hashes UTF-16.
#[must_use]
pub fn to_utf16le(text: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(zeroize::Zeroizing::new(text.encode_utf16().flat_map(u16::to_le_bytes).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_accepts_both_alphabets_and_any_padding() {
        for text in ["+/8=", "+/8", "-_8", "-_8="] {
            assert_eq!(from_base64(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        for text in ["+/9", "*", "a", "é"] {
            assert_eq!(from_base64(text), None, "{text}");
        }
    }

    #[test]
    fn crypt64_numbers_are_little_endian() {
        assert_eq!(from_crypt64_number("U..../"), Some(32 | 1 << 30));
        assert_eq!(from_crypt64_number("!"), None);
        assert_eq!(to_crypt64_number(725, 4), "J9..");
    }

    proptest! {
        #[test]
        fn crypt64_round_trips(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            prop_assert_eq!(from_crypt64(&to_crypt64(&bytes)), Some(bytes));
        }

        #[test]
        fn decoding_never_panics(text in "\\PC{0,40}") {
            let _ = (from_crypt64(&text), from_base64(&text), from_ab64(&text), from_bcrypt64(&text), from_hex(&text));
        }
    }
}
