//! `replace`, `replace_matching`, `remove`, `remove_matching`, `digits`: replace or remove parts of a text.

use bumpalo::collections::String as ArenaString;
use regex::Regex;

use super::builder::{TOO_LONG, TOO_LONG_TO_SEARCH, TextBuilder, searchable};
use super::replacement;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::engine::ops::arguments::need;
use crate::model::{Kinds, Value};

/// The row of `replace`.
pub const REPLACE: OpSpec = OpSpec {
    name: "replace",
    family: Family::Text,
    summary: "replaces every occurrence of a text",
    details: "Both texts are literal, and case matters; for patterns, use `replace_matching`.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::required("find", ArgumentKind::Text, "the text to replace"),
        ArgumentSpec::required("with", ArgumentKind::Text, "the replacement; may be empty"),
    ],
    fails: TOO_LONG,
    takes_nothing: false,
    examples: &[
        example(r#"{ find: "_", with: "-" }"#, r#""en_US_POSIX""#, r#""en-US-POSIX""#),
        example(r#"{ find: " (old)", with: "" }"#, r#""Ada Lovelace""#, r#""Ada Lovelace""#),
    ],
    build: |arguments| {
        let find = arguments.need_text("find")?;
        if find.is_empty() {
            return Err(ArgumentError::new("find", "is empty", "give the text to replace"));
        }
        Ok(Box::new(Replace { find, with: arguments.need_text("with")? }))
    },
};

/// The row of `replace_matching`.
pub const REPLACE_MATCHING: OpSpec = OpSpec {
    name: "replace_matching",
    family: Family::Text,
    summary: "replaces everything that matches a regex",
    details: "In the replacement, `$1` or `${1}` is the text of the first group, `${name}` that of a named group, `$0` \
              the whole match and `$$` a dollar sign. Braces are needed if a letter, digit or underscore follows: \
              `${1}st`. References to unknown groups are reported when the rules are loaded.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::required("pattern", ArgumentKind::Regex, "the pattern"),
        ArgumentSpec::required("with", ArgumentKind::Text, "the replacement, with `$1` or `${name}` for groups")
            .fixed(),
    ],
    fails: "the text is longer than 4 KiB or the result would be longer than 256 KiB",
    takes_nothing: false,
    examples: &[
        example(r#"{ pattern: "^00", with: "+" }"#, r#""0044 20 7946""#, r#""+44 20 7946""#),
        example(r#"{ pattern: "(?<last>\\w+), (\\w+)", with: "$2 ${last}" }"#, r#""King, Ada""#, r#""Ada King""#),
        example(r#"{ pattern: "\\d{4}", with: "$$" }"#, r#""no digits""#, r#""no digits""#),
    ],
    build: |arguments| {
        let pattern = need(arguments.regex("pattern"), "pattern")?;
        let with = arguments.need_text("with")?;
        replacement::check(&with, &pattern)?;
        Ok(Box::new(ReplaceMatching { pattern, with }))
    },
};

/// The row of `remove`.
pub const REMOVE: OpSpec = OpSpec {
    name: "remove",
    family: Family::Text,
    summary: "removes every occurrence of the given characters",
    details: "Each character is removed on its own; to remove a word, use `replace` with an empty text.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("characters", ArgumentKind::Text, "the characters to remove")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example(r#"" -/""#, r#""12-34 56/7""#, r#""1234567""#),
        example(r#""{}""#, r#""{5e9c1f7a}""#, r#""5e9c1f7a""#),
    ],
    build: |arguments| {
        let characters = arguments.need_text("characters")?;
        Ok(Box::new(Keep { keeps: Keeps::AllBut(characters) }))
    },
};

/// The row of `remove_matching`.
pub const REMOVE_MATCHING: OpSpec = OpSpec {
    name: "remove_matching",
    family: Family::Text,
    summary: "removes everything that matches a regex",
    details: "",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("pattern", ArgumentKind::Regex, "what to remove")],
    fails: TOO_LONG_TO_SEARCH,
    takes_nothing: false,
    examples: &[
        example(r#""\\s*\\(.*?\\)""#, r#""Ada (old) Lovelace (II)""#, r#""Ada Lovelace""#),
        example(r#""(?i)^(mr|ms|dr)\\.? ""#, r#""Dr. Ada Lovelace""#, r#""Ada Lovelace""#),
    ],
    build: |arguments| {
        let pattern = need(arguments.regex("pattern"), "pattern")?;
        Ok(Box::new(ReplaceMatching { pattern, with: String::new() }))
    },
};

/// The row of `digits`.
pub const DIGITS: OpSpec = OpSpec {
    name: "digits",
    family: Family::Text,
    summary: "keeps only the digits 0 to 9",
    details: "Signs and decimal points are lost, so use this for postal codes and card numbers, not for amounts. \
              Digits of other scripts are removed; `unicode: nfkc` before it converts full-width digits to ASCII.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#""(202) 555-0143""#, r#""2025550143""#), example("", r#""none""#, r#""""#)],
    build: |_| Ok(Box::new(Keep { keeps: Keeps::Digits })),
};

#[derive(Debug)]
struct Replace {
    find: String,
    with: String,
}

impl Op for Replace {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if !text.contains(&self.find) {
            return Ok(Value::Text(text));
        }
        let mut made = TextBuilder::new(cx);
        let mut parts = text.split(&self.find);
        made.push(parts.next().unwrap_or_default())?;
        for part in parts {
            made.push(&self.with)?;
            made.push(part)?;
        }
        Ok(made.finish())
    }
}

#[derive(Debug)]
struct ReplaceMatching {
    pattern: Regex,
    with: String,
}

impl Op for ReplaceMatching {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        searchable(text)?;
        if !self.pattern.is_match(text) {
            return Ok(Value::Text(text));
        }
        let mut made = TextBuilder::new(cx);
        let (mut copied, mut expanded) = (0, String::new());
        for captures in self.pattern.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            made.push(text.get(copied..whole.start()).unwrap_or_default())?;
            expanded.clear();
            captures.expand(&self.with, &mut expanded);
            made.push(&expanded)?;
            copied = whole.end();
        }
        let rest = text.get(copied..).unwrap_or_default();
        made.push(rest)?;
        Ok(made.finish())
    }
}

#[derive(Debug)]
struct Keep {
    keeps: Keeps,
}

#[derive(Debug)]
enum Keeps {
    Digits,
    AllBut(String),
}

impl Keep {
    fn stays(&self, c: char) -> bool {
        match &self.keeps {
            Keeps::Digits => c.is_ascii_digit(),
            Keeps::AllBut(characters) => !characters.contains(c),
        }
    }
}

impl Op for Keep {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if text.chars().all(|c| self.stays(c)) {
            return Ok(Value::Text(text));
        }
        let mut made = ArenaString::with_capacity_in(text.len(), cx.arena);
        made.extend(text.chars().filter(|c| self.stays(*c)));
        Ok(Value::Text(made.into_bump_str()))
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::limits::{MAX_ITERATED_BYTES, MAX_TEXT_BYTES};

    #[test]
    fn growth_and_search_are_limited() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        let long = "aa".repeat(MAX_TEXT_BYTES / 4 + 1);
        let grow = Replace { find: "a".to_owned(), with: "bb".to_owned() };
        assert!(grow.apply(Value::Text(&long), &cx).is_err());
        let search = ReplaceMatching { pattern: Regex::new("a").unwrap(), with: "bb".to_owned() };
        let fits = "a".repeat(MAX_ITERATED_BYTES);
        assert!(search.apply(Value::Text(&fits), &cx).is_ok());
        assert!(search.apply(Value::Text(&long), &cx).is_err());
    }

    #[test]
    fn empty_matches_are_replaced_between_characters() {
        let arena = Bump::new();
        let op = ReplaceMatching { pattern: Regex::new("x*").unwrap(), with: "-".to_owned() };
        let output = op.apply(Value::Text("aé"), &Cx::bare(&arena)).unwrap();
        assert_eq!(output.as_text(), Some("-a-é-"));
    }
}
