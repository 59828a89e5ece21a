//! Writes values as JSON text and `serde_json` data, and compares values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::Value;

/// Appends the value as compact JSON.
///
/// Decimals keep their text, bytes become base64 text (RFC 4648, padded), and members and elements that are
/// [`Value::Missing`] are left out; a missing value itself is written as `null`.
pub fn write(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => write_text(text, out),
        Value::List(items) => {
            out.push(b'[');
            for (at, item) in items.iter().filter(|item| !matches!(item, Value::Missing)).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(*item, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (at, (name, value)) in members.iter().filter(|(_, value)| !matches!(value, Value::Missing)).enumerate()
            {
                if at > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(*value, out);
            }
            out.push(b'}');
        }
        Value::Missing | Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(_) | Value::Decimal(_) | Value::Bytes(_) => write_with_serde(&value, out),
    }
}

/// Writes a text in quotes, unchanged if no character has to be escaped (RFC 8259, section 7).
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    if !is_plain(text.as_bytes()) {
        return write_with_serde(text, out);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn write_with_serde<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

/// Whether a text has no control character, quote or backslash.
fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk() {
        let is_plain = |eight: &[u8; 8]| is_plain_word(u64::from_ne_bytes(*eight));
        return text.as_chunks().0.iter().all(is_plain) && is_plain(last);
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let four = |bytes: &[u8; 4]| u64::from(u32::from_ne_bytes(*bytes));
        return is_plain_word(four(first) << 32 | four(last));
    }
    text.iter().all(|byte| *byte >= b' ' && *byte != b'"' && *byte != b'\\')
}

/// The same for eight bytes at a time: a byte that is zero, or below a limit, borrows from its highest bit.
fn is_plain_word(word: u64) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = EACH * 0x80;
    let has_zero = |word: u64| word.wrapping_sub(EACH) & !word;
    let control = word.wrapping_sub(EACH * 0x20) & !word;
    let quote = has_zero(word ^ (EACH * 0x22));
    let backslash = has_zero(word ^ (EACH * 0x5c));
    (control | quote | backslash) & HIGHEST == 0
}

/// JSON text like that of [`write()`]. Serializers other than `serde_json` have no exact form for decimals.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Missing | Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(flag),
            Self::Int(number) => serializer.serialize_i64(number),
            Self::Decimal(text) => match serde_json::from_str::<&RawValue>(text) {
                Ok(raw) => raw.serialize(serializer),
                Err(_) => serializer.serialize_str(text),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.collect_str(&base64::display::Base64Display::new(bytes, &STANDARD)),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(None)?;
                for item in items.iter().filter(|item| !matches!(item, Value::Missing)) {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in members.iter().filter(|(_, value)| !matches!(value, Value::Missing)) {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// The value as `serde_json` data, for reports.
///
/// Deliberately lossy: a number that neither 64 bits nor a double can hold exactly becomes text, bytes become base64
/// text, and missing members and elements are left out.
#[must_use]
pub fn to_json(value: Value<'_>) -> Json {
    match value {
        Value::Missing | Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(flag),
        Value::Int(number) => Json::from(number),
        Value::Decimal(text) => decimal_to_json(text),
        Value::Text(text) => Json::from(text),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::List(items) => {
            items.iter().filter(|item| !matches!(item, Value::Missing)).map(|item| to_json(*item)).collect()
        }
        Value::Object(members) => Json::Object(
            members
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Missing))
                .map(|(name, value)| ((*name).to_owned(), to_json(*value)))
                .collect(),
        ),
    }
}

fn decimal_to_json(text: &str) -> Json {
    if let Ok(number) = text.parse::<u64>() {
        return Json::from(number);
    }
    let double = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    match double {
        Some(number) if same_number(&number.to_string(), text) => Json::Number(number),
        _ => Json::from(text),
    }
}

/// Converts `serde_json` data to a value, copied into the arena.
#[must_use]
pub fn from_json<'a>(json: &Json, arena: &'a Bump) -> Value<'a> {
    with_texts(json, arena, &|text| &*arena.alloc_str(text))
}

/// Converts `serde_json` data to a value that borrows its texts.
#[must_use]
pub fn borrow_json<'a>(json: &'a Json, arena: &'a Bump) -> Value<'a> {
    with_texts(json, arena, &|text| text)
}

fn with_texts<'j, 'a>(json: &'j Json, arena: &'a Bump, text: &impl Fn(&'j str) -> &'a str) -> Value<'a> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Decimal(bumpalo::format!(in arena, "{}", number).into_bump_str()),
        },
        Json::String(written) => Value::Text(text(written)),
        Json::Array(items) => {
            Value::List(arena.alloc_slice_fill_iter(items.iter().map(|item| with_texts(item, arena, text))))
        }
        Json::Object(members) => {
            let mut copied = ArenaVec::with_capacity_in(members.len(), arena);
            copied.extend(members.iter().map(|(name, value)| (text(name), with_texts(value, arena, text))));
            Value::Object(copied.into_bump_slice())
        }
    }
}

/// Whether two values are equal.
///
/// Objects are equal in any order of members, and a missing member is no member. Numbers are compared exactly, by value
/// and not by notation: `1`, `1.0` and `10e-1` are equal, `0.1` and `0.10000000000000001` are not.
#[must_use]
pub fn same(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Missing, Value::Missing) | (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Int(int), Value::Decimal(text)) | (Value::Decimal(text), Value::Int(int)) => {
            same_number(&int.to_string(), text)
        }
        (Value::Decimal(a), Value::Decimal(b)) => same_number(a, b),
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(*a, *b)),
        (Value::Object(a), Value::Object(b)) => same_members(a, b),
        _ => false,
    }
}

/// Whether two objects have the same members: in one pass if the order agrees, otherwise by sorted names.
fn same_members(a: &[(&str, Value<'_>)], b: &[(&str, Value<'_>)]) -> bool {
    let (mut a, mut b) = (present(a), present(b));
    if a.len() != b.len() {
        return false;
    }
    if a.iter().zip(&b).any(|((name, _), (other, _))| name != other) {
        a.sort_unstable_by_key(|(name, _)| *name);
        b.sort_unstable_by_key(|(name, _)| *name);
    }
    a.iter().zip(&b).all(|((name, value), (other, other_value))| name == other && same(*value, *other_value))
}

fn present<'m, 'a>(members: &'m [(&'a str, Value<'a>)]) -> Vec<&'m (&'a str, Value<'a>)> {
    members.iter().filter(|(_, value)| !matches!(value, Value::Missing)).collect()
}

/// Whether two JSON numbers are equal, compared as text so that no digit is lost.
#[must_use]
pub fn same_number(a: &str, b: &str) -> bool {
    a == b || matches!((canonical_number(a), canonical_number(b)), (Some(a), Some(b)) if a == b)
}

/// A number as sign, digits without zeros at either end, and the power of ten of the last digit; `None` if the text is
/// not a number or its exponent is out of range.
pub(crate) fn canonical_number(text: &str) -> Option<(bool, String, i64)> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let trimmed = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - trimmed.len()).ok()?;
    let scale = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    let significant = trimmed.trim_start_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    Some((negative, significant.to_owned(), scale))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: Value<'_>) -> String {
        let mut out = Vec::new();
        write(value, &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn values_are_written_as_json() {
        let members = [
            ("a", Value::Text("q\"\u{1}ü")),
            ("gone", Value::Missing),
            ("n", Value::Decimal("1.10")),
            ("big", Value::Decimal("123456789012345678901234567890")),
            ("huge", Value::Decimal("1e400")),
            ("list", Value::List(&[Value::Int(-3), Value::Missing, Value::Null, Value::Bool(true)])),
            ("bytes", Value::Bytes(&[0xff, 0xfe])),
        ];
        assert_eq!(
            text(Value::Object(&members)),
            r#"{"a":"q\"\u0001ü","n":1.10,"big":123456789012345678901234567890,"huge":1e400,"list":[-3,null,true],"bytes":"//4="}"#
        );
        assert_eq!(text(Value::Decimal("nonsense")), "\"nonsense\"");
        assert_eq!(text(Value::Missing), "null");
    }

    proptest! {
        #[test]
        fn texts_are_written_like_serde_json(text in "[\\PCa-z\"\\\\\u{0}-\u{1f}\u{7f}-\u{ff}]{0,40}") {
            let members = [(text.as_str(), Value::List(&[Value::Text(&text), Value::Int(-7)]))];
            prop_assert_eq!(self::text(Value::Object(&members)), serde_json::to_string(&Value::Object(&members)).unwrap());
        }

        #[test]
        fn every_byte_of_a_word_is_checked(word: u64, at in 0_usize..8, byte: u8) {
            let mut bytes = word.to_ne_bytes().map(|byte| byte | 0x80);
            bytes[at] = byte;
            prop_assert_eq!(is_plain(&bytes), bytes.iter().all(|byte| is_plain(&[*byte])));
        }
    }

    #[test]
    fn to_json_keeps_exact_numbers_and_writes_others_as_text() {
        for (number, json) in [
            ("18446744073709551615", "18446744073709551615"),
            ("1.5", "1.5"),
            ("1.10", "1.1"),
            ("0.1000000000000000000001", "\"0.1000000000000000000001\""),
            ("123456789012345678901234567890", "\"123456789012345678901234567890\""),
            ("1e400", "\"1e400\""),
        ] {
            assert_eq!(to_json(Value::Decimal(number)).to_string(), json, "{number}");
        }
    }

    #[test]
    fn json_round_trips() {
        let arena = Bump::new();
        let json = serde_json::json!({"b": [1, 2.5, null, {"x": "y"}], "a": 18446744073709551615_u64, "c": false});
        assert_eq!(to_json(from_json(&json, &arena)), json);
        assert_eq!(to_json(borrow_json(&json, &arena)), json);
    }

    #[test]
    fn values_are_compared_exactly() {
        let ab = [("a", Value::Int(1)), ("b", Value::Null)];
        let ba = [("b", Value::Null), ("a", Value::Decimal("1.0"))];
        let with_gap = [("a", Value::Int(1)), ("b", Value::Null), ("c", Value::Missing)];
        assert!(same(Value::Object(&ab), Value::Object(&ba)));
        assert!(same(Value::Object(&ab), Value::Object(&with_gap)));
        assert!(!same(Value::Object(&ab), Value::Object(&[("a", Value::Int(1))])));
        assert!(!same(Value::Int(1), Value::Text("1")));
        assert!(!same(Value::Null, Value::Missing));
        for (a, b, wanted) in [
            ("1.0", "1", true),
            ("10e-1", "1", true),
            ("-0", "0.0", true),
            ("1e2", "100", true),
            ("-1", "1", false),
            ("0.1", "0.10000000000000001", false),
            ("1e99999999999999999999", "1", false),
            ("1e99999999999999999999", "1e99999999999999999999", true),
        ] {
            assert_eq!(same(Value::Decimal(a), Value::Decimal(b)), wanted, "{a} {b}");
        }
    }
}
