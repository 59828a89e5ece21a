//! `split`, `split_lines`: split a text into a list.

use bumpalo::collections::Vec as ArenaVec;
use regex::Regex;

use super::blank::is_blank;
use super::builder::{check_room, searchable};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
};
use crate::engine::ops::arguments::{Either, one_of};
use crate::model::{Kinds, Value};

const KEEP_EMPTY: ArgumentSpec =
    ArgumentSpec::optional("keep_empty", ArgumentKind::Boolean, "whether to keep empty parts; false by default");
const TRIM: ArgumentSpec =
    ArgumentSpec::optional("trim", ArgumentKind::Boolean, "whether to trim whitespace from every part");

/// The row of `split`.
pub const SPLIT: OpSpec = OpSpec {
    name: "split",
    family: Family::Text,
    summary: "splits a text into a list at every separator",
    details: "Empty parts are left out unless `keep_empty` is true, so an empty text gives an empty list. With \
              `limit`, the last part contains the rest of the text, including separators; parts are counted before \
              empty ones are left out.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::LIST),
    arguments: &[
        ArgumentSpec::main_optional("by", ArgumentKind::Text, "the separator, taken literally"),
        ArgumentSpec::optional("pattern", ArgumentKind::Regex, "a regex that matches the separators, instead of `by`"),
        KEEP_EMPTY,
        TRIM,
        ArgumentSpec::optional("limit", ArgumentKind::Integer, "the maximum number of parts"),
    ],
    fails: "the result would have more than 10000 elements or the text is longer than 4 KiB and `pattern` is used",
    takes_nothing: false,
    examples: &[
        example(r#"",""#, r#""admin,staff,,vip""#, r#"["admin", "staff", "vip"]"#),
        example(r#"{ pattern: "[,;]", trim: true }"#, r#""admin; staff, vip""#, r#"["admin", "staff", "vip"]"#),
        example(r#"{ by: ":", limit: 2 }"#, r#""a:b:c""#, r#"["a", "b:c"]"#),
        example(r#"{ by: ",", keep_empty: true }"#, r#""a,,b""#, r#"["a", "", "b"]"#),
        example(r#"",""#, r#""""#, "[]"),
    ],
    build: |arguments| {
        let separator = match one_of(("by", arguments.text("by")), ("pattern", arguments.regex("pattern")))? {
            Either::First(by) if by.is_empty() => {
                return Err(ArgumentError::new("by", "is empty", "give the text between the parts"));
            }
            Either::First(by) => Separator::Text(by),
            Either::Second(pattern) => Separator::Pattern(pattern),
        };
        let limit = match arguments.integer("limit") {
            None => usize::MAX,
            Some(limit) => usize::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| {
                ArgumentError::new("limit", "is less than 1", "give the maximum number of parts, 1 or more")
            })?,
        };
        Ok(Box::new(Split::build(separator, limit, arguments)))
    },
};

/// The row of `split_lines`.
pub const SPLIT_LINES: OpSpec = OpSpec {
    name: "split_lines",
    family: Family::Text,
    summary: "splits a text into a list of its lines",
    details: "Lines end with a line feed, a carriage return, or both. Empty lines are left out unless `keep_empty` is true.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::LIST),
    arguments: &[KEEP_EMPTY, TRIM],
    fails: "the result would have more than 10000 elements",
    takes_nothing: false,
    examples: &[
        example("", r#""400 Survey Plaza\r\nFloor 3\n""#, r#"["400 Survey Plaza", "Floor 3"]"#),
        example("{ keep_empty: true, trim: true }", r#""a \r\r b""#, r#"["a", "", "b"]"#),
    ],
    build: |arguments| Ok(Box::new(Split::build(Separator::LineEnd, usize::MAX, arguments))),
};

/// Enough for most texts, so that the list is not reallocated.
const USUAL_PARTS: usize = 8;

#[derive(Debug)]
enum Separator {
    Text(String),
    Pattern(Regex),
    LineEnd,
}

#[derive(Debug)]
struct Split {
    separator: Separator,
    limit: usize,
    keep_empty: bool,
    trim: bool,
}

impl Split {
    fn build(separator: Separator, limit: usize, arguments: &mut Arguments) -> Self {
        let mut flag = |name| arguments.boolean(name).unwrap_or(false);
        Self { separator, limit, keep_empty: flag("keep_empty"), trim: flag("trim") }
    }

    fn collect<'a>(&self, parts: impl Iterator<Item = &'a str>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut list = ArenaVec::with_capacity_in(USUAL_PARTS, cx.arena);
        for part in parts {
            let part = if self.trim { part.trim_matches(is_blank) } else { part };
            if self.keep_empty || !part.is_empty() {
                check_room(list.len())?;
                list.push(Value::Text(part));
            }
        }
        Ok(Value::List(list.into_bump_slice()))
    }
}

impl Op for Split {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        match &self.separator {
            Separator::Text(by) => match *by.as_bytes() {
                // fast path: most separators are a single ASCII character
                [byte] => self.collect(text.splitn(self.limit, char::from(byte)), cx),
                _ => self.collect(text.splitn(self.limit, by), cx),
            },
            Separator::Pattern(pattern) => {
                searchable(text)?;
                self.collect(pattern.splitn(text, self.limit), cx)
            }
            Separator::LineEnd => self.collect(Lines(Some(text)), cx),
        }
    }
}

/// The lines of a text. Unlike in [`str::lines`], a lone carriage return also ends a line, as in old Macintosh exports.
struct Lines<'a>(Option<&'a str>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.take()?;
        let Some((line, rest)) = text.split_once(['\n', '\r']) else {
            // the end of the last line does not start another one
            return (!text.is_empty()).then_some(text);
        };
        let ended_by_return = text.as_bytes().get(line.len()) == Some(&b'\r');
        self.0 = Some(if ended_by_return { rest.strip_prefix('\n').unwrap_or(rest) } else { rest });
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::limits::MAX_ELEMENTS;

    #[test]
    fn all_three_line_endings_are_recognized() {
        for (text, lines) in [
            ("", vec![]),
            ("a", vec!["a"]),
            ("a\n", vec!["a"]),
            ("a\r\nb\rc\nd", vec!["a", "b", "c", "d"]),
            ("\n\r\n", vec!["", ""]),
            ("a\n\rb", vec!["a", "", "b"]),
        ] {
            assert_eq!(Lines(Some(text)).collect::<Vec<_>>(), lines, "{text:?}");
        }
    }

    #[test]
    fn a_list_stops_growing_at_the_limit() {
        let arena = Bump::new();
        let split =
            Split { separator: Separator::Text(",".to_owned()), limit: usize::MAX, keep_empty: false, trim: false };
        let (fits, long) = ("a,".repeat(MAX_ELEMENTS), "a,".repeat(MAX_ELEMENTS + 1));
        assert!(split.apply(Value::Text(&fits), &Cx::bare(&arena)).is_ok());
        assert!(split.apply(Value::Text(&long), &Cx::bare(&arena)).is_err());
    }
}
