//! Reads a record from JSON text, exact in every digit, with limits, and rejecting duplicate keys.

mod seed;
mod select;

use std::fmt;

use bumpalo::Bump;
use serde::de::DeserializeSeed;
use thiserror::Error;

use super::Value;
pub use seed::{Cx, Mode, Seed};
pub use select::Selection;
use select::Selector;

/// How large a record may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of JSON text. Stops a legacy system from filling the memory; 256 KiB admits a Cognito or Okta profile (a
    /// few KiB) and a shop customer with hundreds of addresses.
    pub bytes: usize,
    /// Nesting depth of lists and objects, at most [`ReadLimits::MAX_DEPTH`]. Stops deep nesting from exhausting the
    /// stack; real profiles stay below 12.
    pub depth: usize,
    /// Number of values of all kinds. Stops `[[],[],…]`, which needs far more memory than its text.
    pub values: usize,
    /// Bytes of one key. Stops keys that are really values; LDAP names and SCIM URNs stay below 128.
    pub key_bytes: usize,
}

impl ReadLimits {
    /// The deepest allowed nesting; `serde_json` itself stops at 128.
    pub const MAX_DEPTH: usize = 120;
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { bytes: 256 * 1024, depth: 64, values: 50_000, key_bytes: 256 }
    }
}

/// A place in a record: the keys on the way, such as `identities[0].user_id`. Keys are part of the legacy system's
/// schema and may be shown, unless they do not look like names of fields: objects may have mail addresses or ids as keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordPath(String);

impl RecordPath {
    fn push_front(&mut self, step: &str) {
        let joint = if self.0.is_empty() || self.0.starts_with('[') { "" } else { "." };
        let is_index = step.starts_with('[') && step.trim_matches(['[', ']']).bytes().all(|byte| byte.is_ascii_digit());
        let shown = if is_index || is_field_name(step) { step } else { "…" };
        self.0 = format!("{shown}{joint}{}", self.0);
    }
}

/// Whether a key looks like the name of a field, and not like a value of a customer.
fn is_field_name(key: &str) -> bool {
    const LONGEST: usize = 64;
    const MOST_DIGITS: usize = 4;
    let is_usual = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | ':' | '$');
    let name = key.strip_prefix('@').unwrap_or(key);
    key.len() <= LONGEST
        && name.starts_with(|first: char| first.is_alphabetic() || matches!(first, '_' | '$'))
        && name.chars().all(is_usual)
        && name.bytes().filter(u8::is_ascii_digit).count() <= MOST_DIGITS
}

impl fmt::Display for RecordPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "record" } else { &self.0 })
    }
}

/// Why text is not a record. No variant contains a value of the record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The record has more bytes than [`ReadLimits::bytes`].
    #[error("the record is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The record is nested deeper than [`ReadLimits::depth`].
    #[error("`{path}` is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit, in levels.
        limit: usize,
        /// The list or object that is too deep.
        path: RecordPath,
    },
    /// The record has more values than [`ReadLimits::values`].
    #[error("the record has more than {limit} values; the limit is reached at `{path}`")]
    TooManyValues {
        /// The limit.
        limit: usize,
        /// The first value above the limit.
        path: RecordPath,
    },
    /// A key is longer than [`ReadLimits::key_bytes`].
    #[error("a key in `{path}` is longer than {limit} bytes")]
    LongKey {
        /// The limit, in bytes.
        limit: usize,
        /// The object that has the key.
        path: RecordPath,
    },
    /// The same key twice in one object: systems differ in which of the two they use, so neither is used.
    #[error("duplicate key `{path}`")]
    DuplicateKey {
        /// The key.
        path: RecordPath,
    },
    /// The text is not JSON (RFC 8259).
    #[error("the record is not JSON: {problem} at line {line} column {column}")]
    Syntax {
        /// What the parser found.
        problem: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in bytes.
        column: usize,
    },
}

impl ReadError {
    /// Prepends a step to the path.
    fn inside(&mut self, step: &str) {
        match self {
            Self::TooDeep { path, .. }
            | Self::TooManyValues { path, .. }
            | Self::LongKey { path, .. }
            | Self::DuplicateKey { path } => path.push_front(step),
            Self::TooLarge { .. } | Self::Syntax { .. } => {}
        }
    }
}

/// Reads one record. Text is borrowed from the input if it has no escapes; everything else is in the arena.
///
/// In the first pass, `serde_json` reads the numbers. Only if one of them does not fit `i64` is the record read again,
/// with every number as text.
///
/// # Errors
/// The first [`ReadError`].
pub fn parse<'a>(json: &'a str, arena: &'a Bump, limits: &ReadLimits) -> Result<Value<'a>, ReadError> {
    exactly(json, arena, limits, |json, cx| pass(json, cx, Seed::new(cx)))
}

/// Reads the wanted parts of one record and passes each, with its place, to `take`; the rest is skipped. A part may be
/// passed twice: the last one is used.
///
/// Duplicate keys are rejected in every object that is read or contains a wanted part; a value that is skipped as a
/// whole is only checked to be JSON.
///
/// # Errors
/// The first [`ReadError`].
pub fn select<'a, S: Selection>(
    json: &'a str,
    arena: &'a Bump,
    limits: &ReadLimits,
    selection: S,
    take: impl Fn(S, Value<'a>),
) -> Result<(), ReadError> {
    exactly(json, arena, limits, |json, cx| pass(json, cx, Selector { cx, depth: 0, selection, take: &take }))
}

/// Runs a quick pass, and an exact one if the quick pass found a number that it could not keep.
fn exactly<'a, T>(
    json: &'a str,
    arena: &'a Bump,
    limits: &ReadLimits,
    pass: impl Fn(&'a str, &Cx<'a>) -> Result<T, Stopped>,
) -> Result<T, ReadError> {
    if json.len() > limits.bytes {
        return Err(ReadError::TooLarge { limit: limits.bytes });
    }
    let quick = match pass(json, &Cx::new(json, arena, limits, Mode::Quick)) {
        Ok(value) => return Ok(value),
        Err(stopped) => stopped,
    };
    match quick {
        Stopped::Found(error) => Err(error),
        Stopped::Inexact => pass(json, &Cx::new(json, arena, limits, Mode::Exact)).map_err(Stopped::into_error),
        // A number outside the range of doubles is a syntax error for `serde_json`, so every syntax error gets a second pass.
        Stopped::Syntax(first) => match pass(json, &Cx::new(json, arena, limits, Mode::Exact)) {
            Ok(value) => Ok(value),
            Err(Stopped::Syntax(second)) if is_out_of_range(&first) => Err(second),
            Err(Stopped::Found(error)) => Err(error),
            Err(_) => Err(first),
        },
    }
}

/// Why a pass ended early.
enum Stopped {
    Found(ReadError),
    Inexact,
    Syntax(ReadError),
}

impl Stopped {
    fn into_error(self) -> ReadError {
        match self {
            Self::Found(error) | Self::Syntax(error) => error,
            Self::Inexact => ReadError::Syntax { problem: "a number cannot be read".to_owned(), line: 1, column: 1 },
        }
    }
}

fn pass<'a, S: DeserializeSeed<'a>>(json: &'a str, cx: &Cx<'a>, seed: S) -> Result<S::Value, Stopped> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let result = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    result.map_err(|error| match cx.take_failure() {
        Some(found @ ReadError::Syntax { .. }) => Stopped::Syntax(found),
        Some(found) => Stopped::Found(found),
        None if cx.is_inexact() => Stopped::Inexact,
        None => Stopped::Syntax(seed::syntax_error(&error, json, json)),
    })
}

fn is_out_of_range(error: &ReadError) -> bool {
    matches!(error, ReadError::Syntax { problem, .. } if problem.contains("out of range"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::super::json::{to_json, write};
    use super::*;

    fn written(json: &str) -> Result<String, ReadError> {
        let arena = Bump::new();
        let value = parse(json, &arena, &ReadLimits::default())?;
        let mut out = Vec::new();
        write(value, &mut out);
        Ok(String::from_utf8(out).expect("JSON is UTF-8"))
    }

    #[test]
    fn every_digit_is_kept() {
        for text in [
            "123456789012345678901234567890",
            "1.10",
            "1e400",
            "-0",
            "0.1000",
            "18446744073709551615",
            "9223372036854775807",
            "-9223372036854775808",
            "-9223372036854775809",
            r#"{"a":[1,{"b":1571044331.274,"c":"1.10"}],"d":"a\tb","e":-1E-7}"#,
            r#"[1.0,"x",null,true,{},[]]"#,
        ] {
            assert_eq!(written(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn whole_numbers_of_64_bits_are_integers() {
        let arena = Bump::new();
        let limits = ReadLimits::default();
        assert!(matches!(parse("9223372036854775807", &arena, &limits), Ok(Value::Int(i64::MAX))));
        assert!(matches!(parse("9223372036854775808", &arena, &limits), Ok(Value::Decimal(_))));
        // The exact pass must find the same kinds as the quick one.
        let value = parse("[7, 1.5]", &arena, &limits).expect("JSON");
        assert!(matches!(value.element(0), Value::Int(7)));
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        let arena = Bump::new();
        let json = r#"{"plain": "text", "escaped": "a\u00fcb"}"#;
        let value = parse(json, &arena, &ReadLimits::default()).expect("JSON");
        let plain = value.member("plain").as_text().expect("text");
        assert!(json.as_bytes().as_ptr_range().contains(&plain.as_ptr()));
        assert_eq!(value.member("escaped").as_text(), Some("aüb"));
    }

    #[test]
    fn invalid_records_are_errors() {
        let many = format!("{{{}}}", (0..40).map(|n| format!("\"k{}\":0,", n % 39)).collect::<String>() + "\"z\":0");
        for (text, message) in [
            (r#"{"a":{"b":[{},{"c":1,"c":1}]}}"#, "duplicate key `a.b[1].c`"),
            (r#"{"a":{"b":[{},{"c":1.5,"\u0063":1}]}}"#, "duplicate key `a.b[1].c`"),
            // these keys may be values of a customer
            (r#"{"by_mail":{"ida@example.com":1,"ida@example.com":2}}"#, "duplicate key `by_mail.…`"),
            (r#"{"4915112345678":{"@type":1,"@type":2}}"#, "duplicate key `….@type`"),
            (r#"{"u12345678":1,"u12345678":2}"#, "duplicate key `…`"),
            (many.as_str(), "duplicate key `k0`"),
            (r#"{"a": "\ud800"}"#, "the record is not JSON: unexpected end of hex escape at line 1 column 14"),
            (r#"{"a": 1,}"#, "the record is not JSON: trailing comma at line 1 column 9"),
            (r#"{"a": 1} x"#, "the record is not JSON: trailing characters at line 1 column 10"),
            ("", "the record is not JSON: EOF while parsing a value at line 1 column 0"),
            ("[1.5, NaN]", "the record is not JSON: expected value at line 1 column 7"),
            ("[01]", "the record is not JSON: invalid number at line 1 column 3"),
        ] {
            assert_eq!(written(text).map_err(|error| error.to_string()), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_lone_surrogate_after_a_decimal_has_its_line() {
        let error = written("{\"n\": 1e400,\n \"a\": \"\\udc00\"}").expect_err("a lone surrogate");
        assert!(matches!(error, ReadError::Syntax { line: 2, .. }), "{error}");
    }

    #[test]
    fn limits_are_enforced() {
        let arena = Bump::new();
        let limits = ReadLimits { bytes: 60, depth: 3, values: 8, key_bytes: 5 };
        let wide = "[1,2,3,4,5,6,7]";
        let long = " ".repeat(61);
        for (json, message) in [
            ("[[[]]]", None),
            (wide, None),
            (r#"{"abcde":1}"#, None),
            (r#"{"a":[[[]]]}"#, Some("`a[0][0]` is nested deeper than 3 levels")),
            (r#"{"a":[1.5,[[]]]}"#, Some("`a[1][0]` is nested deeper than 3 levels")),
            ("[1,2,3,4,5,6,7,8]", Some("the record has more than 8 values; the limit is reached at `[7]`")),
            (r#"{"a":{"abcdef":1}}"#, Some("a key in `a` is longer than 5 bytes")),
            (long.as_str(), Some("the record is larger than 60 bytes")),
        ] {
            let found = parse(json, &arena, &limits).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), message, "{json}");
        }
        let deep = "[".repeat(100_000);
        let deeper = ReadLimits { depth: usize::MAX, ..ReadLimits::default() };
        assert!(matches!(parse(&deep, &arena, &deeper), Err(ReadError::TooDeep { limit: ReadLimits::MAX_DEPTH, .. })));
        assert!(matches!(parse(&deep, &arena, &ReadLimits::default()), Err(ReadError::TooDeep { limit: 64, .. })));
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            (-1_000_000_i32..1_000_000, 1_u8..7)
                .prop_map(|(n, p)| Json::from(f64::from(n) / 10_f64.powi(i32::from(p)))),
            ".*".prop_map(Json::from),
        ];
        leaf.prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
                prop::collection::btree_map(".{0,6}", inner, 0..24)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(json in any_json()) {
            let text = json.to_string();
            let arena = Bump::new();
            let value = parse(&text, &arena, &ReadLimits::default()).expect("JSON");
            prop_assert_eq!(to_json(value), json);
        }

        #[test]
        fn accepts_only_what_serde_json_accepts(text in r#"[\[\]{},:"a0-9.eE\\u -]{0,24}"#) {
            if written(&text).is_ok() {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
            }
        }
    }
}
