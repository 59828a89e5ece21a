//! `parse_json`, `to_json`.

use super::bytes::check_size;
use crate::engine::context::Cx;
use crate::engine::limits::{MAX_DEPTH, MAX_ELEMENTS, MAX_TEXT_BYTES};
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::read::{ReadError, ReadLimits, parse};
use crate::model::{Kinds, Value, json};

/// The row of `parse_json`.
pub const PARSE_JSON: OpSpec = OpSpec {
    name: "parse_json",
    family: Family::Decode,
    summary: "parses JSON text",
    details: "Follows RFC 8259. Numbers keep every digit, and members their order. An object with a duplicate key \
              fails, because systems differ in which of the two values they use.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::ANY.or(Kinds::NOTHING)),
    arguments: &[],
    fails: "the text is not JSON, has a duplicate key, is nested too deeply, or is too large",
    takes_nothing: false,
    examples: &[
        example("", r#""{\"tier\": \"gold\", \"seats\": 12}""#, r#"{ "tier": "gold", "seats": 12 }"#),
        example("", r#""123456789012345678901""#, "123456789012345678901"),
        example_failure("", r#""{\"a\": 1, \"a\": 2}""#),
        example_failure("", r#""{'a': 1}""#),
    ],
    build: |_| Ok(Box::new(ParseJson)),
};

const LIMITS: ReadLimits =
    ReadLimits { bytes: MAX_TEXT_BYTES, depth: MAX_DEPTH, values: MAX_ELEMENTS, key_bytes: MAX_TEXT_BYTES };

#[derive(Debug)]
struct ParseJson;

impl Op for ParseJson {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        parse(cx.text(input)?, cx.arena, &LIMITS).map_err(|error| failure(&error))
    }
}

/// The reader's errors contain paths, and the keys in them are customer data here; they are left out.
fn failure(error: &ReadError) -> Failure {
    match error {
        ReadError::TooLarge { limit } => Failure::new(format!("the JSON text is larger than {limit} bytes")),
        ReadError::TooDeep { limit, .. } => Failure::new(format!("the JSON text is nested deeper than {limit} levels")),
        ReadError::TooManyValues { limit, .. } => Failure::new(format!("the JSON text has more than {limit} values")),
        ReadError::LongKey { limit, .. } => {
            Failure::new(format!("a key of the JSON text is longer than {limit} bytes"))
        }
        ReadError::DuplicateKey { .. } => Failure::new("the JSON text has a duplicate key in an object"),
        ReadError::Syntax { line, column, .. } => {
            Failure::new(format!("the text is not JSON: syntax error in line {line}, column {column}"))
        }
    }
}

/// The row of `to_json`.
pub const TO_JSON: OpSpec = OpSpec {
    name: "to_json",
    family: Family::Decode,
    summary: "writes a value as JSON text",
    details: "The output is compact, with numbers as written and members in their order; bytes become base64 text.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"{ "a": [1, "x"], "b": null }"#, r#""{\"a\":[1,\"x\"],\"b\":null}""#),
        example("", r#""é""#, r#""\"é\"""#),
    ],
    build: |_| Ok(Box::new(ToJson)),
};

#[derive(Debug)]
struct ToJson;

impl Op for ToJson {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        check_size(least_size(input))?;
        let mut text = Vec::new();
        json::write(input, &mut text);
        check_size(text.len())?;
        std::str::from_utf8(&text)
            .map(|text| cx.keep(text))
            .map_err(|_| Failure::new("the value cannot be written as JSON"))
    }
}

/// The minimum size of the JSON text in bytes, computed before it is written.
fn least_size(value: Value<'_>) -> usize {
    match value {
        Value::Text(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len().saturating_add(bytes.len() / 3),
        Value::List(items) => items.iter().fold(2, |sum: usize, item| sum.saturating_add(least_size(*item))),
        Value::Object(members) => members
            .iter()
            .fold(2, |sum: usize, (key, value)| sum.saturating_add(key.len()).saturating_add(least_size(*value))),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn json_round_trips(text in "(\\[|\\]|\\{|\\}|,|:|\"a\"|\"é\"|12|1\\.50|true|null| ){0,12}") {
            let arena = Bump::new();
            let cx = Cx::bare(&arena);
            if let Ok(value) = ParseJson.apply(Value::Text(&text), &cx) {
                let written = ToJson.apply(value, &cx).unwrap();
                let again = ParseJson.apply(written, &cx).unwrap();
                prop_assert!(json::same(value, again));
            }
        }
    }
}
