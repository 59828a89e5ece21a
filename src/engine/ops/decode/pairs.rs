//! `parse_query`, `parse_key_values`: names and values in a single text.

use std::collections::HashMap;

use super::url::decoded;
use crate::engine::context::Cx;
use crate::engine::limits::MAX_ELEMENTS;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The row of `parse_query`.
pub const PARSE_QUERY: OpSpec = OpSpec {
    name: "parse_query",
    family: Family::Decode,
    summary: "parses a URL query or form data into an object",
    details: "Reads `application/x-www-form-urlencoded` (WHATWG URL, 5.1): pairs are separated by `&`, names and \
              values are percent-decoded, `+` is a space. A name without `=` has an empty value; a repeated name gets \
              a list. A leading `?` is dropped.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[],
    fails: "a decoded name or value is not UTF-8 text, or there are too many pairs",
    takes_nothing: false,
    examples: &[
        example("", r#""?city=S%C3%A3o+Paulo&vip""#, r#"{ "city": "São Paulo", "vip": "" }"#),
        example("", r#""tag=a&tag=b""#, r#"{ "tag": ["a", "b"] }"#),
        example("", r#""""#, "{}"),
        example_failure("", r#""a=%FF""#),
    ],
    build: |_| Ok(Box::new(ParseQuery)),
};

#[derive(Debug)]
struct ParseQuery;

impl Op for ParseQuery {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        let mut members: Vec<(&'a str, Vec<Value<'a>>)> = Vec::new();
        let mut places = HashMap::new();
        let pairs = text.strip_prefix('?').unwrap_or(text).split('&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            check_count(count)?;
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name, true, cx)?, Value::Text(decoded(value, true, cx)?));
            let at = *places.entry(name).or_insert(members.len());
            match members.get_mut(at) {
                Some((_, values)) => values.push(value),
                None => members.push((name, vec![value])),
            }
        }
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, values)| match values.as_slice() {
                [value] => (name, *value),
                several => (name, cx.keep_list(several)),
            })
            .collect();
        Ok(cx.keep_object(&members))
    }
}

/// The row of `parse_key_values`.
pub const PARSE_KEY_VALUES: OpSpec = OpSpec {
    name: "parse_key_values",
    family: Family::Decode,
    summary: "parses text such as `k=v;k2=v2` into an object",
    details: "Whitespace around names and values is dropped, and so are empty pairs. A value may contain the separator \
              between name and value. For `Name: value` lines, use `pairs: \"\\n\"` and `key: \":\"`.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[
        ArgumentSpec::optional("pairs", ArgumentKind::Text, "the separator between pairs; `;` by default"),
        ArgumentSpec::optional("key", ArgumentKind::Text, "the separator between name and value; `=` by default"),
    ],
    fails: "a pair lacks the separator between name and value, a name is repeated, or there are too many pairs",
    takes_nothing: false,
    examples: &[
        example("", r#""city=Oslo; zip = 0150;""#, r#"{ "city": "Oslo", "zip": "0150" }"#),
        example(
            r#"{ pairs: "|", key: ":" }"#,
            r#""url:https://example.org|vip:1""#,
            r#"{ "url": "https://example.org", "vip": "1" }"#,
        ),
        example_failure("", r#""a=1;a=2""#),
        example_failure("", r#""a=1;b""#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug)]
struct ParseKeyValues {
    pairs: String,
    key: String,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let pairs = separator(arguments, "pairs", ";")?;
    let key = separator(arguments, "key", "=")?;
    if pairs == key {
        return Err(ArgumentError::new("key", "is the same as `pairs`", "give two different texts"));
    }
    Ok(Box::new(ParseKeyValues { pairs, key }))
}

fn separator(arguments: &mut Arguments, name: &'static str, default: &str) -> Result<String, ArgumentError> {
    match arguments.text(name) {
        None => Ok(default.to_owned()),
        Some(text) if text.is_empty() => Err(ArgumentError::new(name, "is empty", "give at least one character")),
        Some(text) => Ok(text),
    }
}

impl Op for ParseKeyValues {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut members = Vec::new();
        let mut names = std::collections::HashSet::new();
        for pair in cx.text(input)?.split(self.pairs.as_str()).filter(|pair| !pair.trim().is_empty()) {
            check_count(members.len())?;
            let (name, value) = pair
                .split_once(self.key.as_str())
                .map(|(name, value)| (name.trim(), value.trim()))
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| Failure::new("a pair lacks the separator between name and value"))?;
            if !names.insert(name) {
                return Err(Failure::new("a name is repeated"));
            }
            members.push((name, Value::Text(value)));
        }
        Ok(cx.keep_object(&members))
    }
}

fn check_count(count: usize) -> Result<(), Failure> {
    if count >= MAX_ELEMENTS {
        return Err(Failure::new(format!("the text has more than {MAX_ELEMENTS} pairs")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_panics(text in "([a-b=&;%+?F ]|\\PC){0,60}") {
            let arena = Bump::new();
            let op = build(&mut Arguments::default()).unwrap();
            let _ = op.apply(Value::Text(&text), &Cx::bare(&arena));
            let _ = ParseQuery.apply(Value::Text(&text), &Cx::bare(&arena));
        }
    }
}
