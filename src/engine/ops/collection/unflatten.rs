//! `unflatten`: converts dotted keys to nested objects, and with `lists` numbered keys to lists.

use bumpalo::collections::Vec as ArenaVec;
use rustc_hash::FxHashMap;

use super::support::{check_length, members};
use crate::engine::context::Cx;
use crate::engine::limits::MAX_DEPTH;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The separator between the parts of a key.
pub(super) const BY: ArgumentSpec =
    ArgumentSpec::main_optional("by", ArgumentKind::Text, "the separator between the parts of a key; `.` by default");

/// The row of `unflatten`.
pub const UNFLATTEN: OpSpec = OpSpec {
    name: "unflatten",
    family: Family::Collection,
    summary: "converts keys with separators to nested objects, and numbered keys to lists",
    details: "For tables and CSV files with columns such as `address.city`. Numbers are treated as keys like any other \
              part, unless `lists` is true. Then `phones.0.type` and `phones[0].type` become a list: if all keys at a \
              level are numbers (without leading zeros), the elements are ordered by number, and gaps are closed, so a \
              list may start at 1. Numbers mixed with names stay keys of an object, and so do numbers at the start of \
              a key.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[
        BY,
        ArgumentSpec::optional("lists", ArgumentKind::Boolean, "whether numbered keys become lists; false by default"),
    ],
    fails: "a key refers to both a value and an object, two keys refer to the same position, a number in brackets is \
            mixed with names, or a key has more than 64 parts",
    takes_nothing: false,
    examples: &[
        example("", r#"{"a.b.c": 1, "d": 2, "a.b.e": 3}"#, r#"{"a": {"b": {"c": 1, "e": 3}}, "d": 2}"#),
        example("_", r#"{"address_city": "Bonn"}"#, r#"{"address": {"city": "Bonn"}}"#),
        example("", r#"{"a.0": 1, "b[0]": 2}"#, r#"{"a": {"0": 1}, "b[0]": 2}"#),
        example(
            "{ lists: true }",
            r#"{"tel.0.no": "1", "tel.0.of": "home", "tel.1.no": "2", "tags[0]": "a"}"#,
            r#"{"tel": [{"no": "1", "of": "home"}, {"no": "2"}], "tags": ["a"]}"#,
        ),
        example(
            "{ lists: true }",
            r#"{"a.10": "c", "a.2": "b", "a.999999999999999999999": "d"}"#,
            r#"{"a": ["b", "c", "d"]}"#,
        ),
        example("{ lists: true }", r#"{"a.0": 1, "a.x": 2, "b.07": 3}"#, r#"{"a": {"0": 1, "x": 2}, "b": {"07": 3}}"#),
        example_failure("{ lists: true }", r#"{"a[0]": 1, "a.x": 2}"#),
        example_failure("", r#"{"a": 1, "a.b": 2}"#),
    ],
    build: |arguments| {
        let by = separator(arguments)?;
        let lists = arguments.boolean("lists").unwrap_or(false);
        if lists && by.contains(|c: char| c.is_ascii_digit() || "[]".contains(c)) {
            let help = "with `lists`, give a separator without digits and brackets";
            return Err(ArgumentError::new("by", "is ambiguous with the numbers of a list", help));
        }
        Ok(Box::new(Unflatten { by, lists }))
    },
};

/// Takes the argument `by`.
pub(super) fn separator(arguments: &mut Arguments) -> Result<String, ArgumentError> {
    match arguments.text("by") {
        Some(by) if by.is_empty() => Err(ArgumentError::new("by", "is empty", "give at least one character")),
        by => Ok(by.unwrap_or_else(|| ".".to_owned())),
    }
}

#[derive(Debug)]
struct Unflatten {
    by: String,
    lists: bool,
}

impl Op for Unflatten {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut root = Branch::default();
        for (key, value) in members(input)? {
            // counted first, so that a key of only separators is cheap
            let brackets = if self.lists { key.matches('[').count() } else { 0 };
            if key.matches(self.by.as_str()).count() + brackets >= MAX_DEPTH {
                return Err(Failure::new(format!("a key has more than {MAX_DEPTH} parts")));
            }
            root.insert(Rest { text: key, in_brackets: false }, self, *value)?;
        }
        root.object(self.lists, cx)
    }
}

/// The part of a key that is not read yet.
#[derive(Clone, Copy)]
struct Rest<'a> {
    text: &'a str,
    in_brackets: bool,
}

impl<'a> Rest<'a> {
    /// The next part, and what follows it.
    fn split(self, op: &Unflatten) -> (&'a str, Option<Self>) {
        if let Some((number, rest)) = self.text.strip_prefix('[').filter(|_| self.in_brackets).and_then(closed) {
            let next = match rest.strip_prefix(op.by.as_str()) {
                Some(text) => Some(Self { text, in_brackets: false }),
                None => (!rest.is_empty()).then_some(Self { text: rest, in_brackets: true }),
            };
            return (number, next);
        }
        let (part, rest) = self.text.split_once(op.by.as_str()).map_or((self.text, None), |(a, b)| (a, Some(b)));
        let plain = rest.map(|text| Self { text, in_brackets: false });
        match numbered(part).filter(|_| op.lists) {
            Some(name) => (name, self.text.get(name.len()..).map(|text| Self { text, in_brackets: true })),
            None => (part, plain),
        }
    }
}

/// The number in `0]…`, and the text after the bracket.
fn closed(text: &str) -> Option<(&str, &str)> {
    text.split_once(']').filter(|(number, _)| is_number(number))
}

/// The name in `name[0][1]`, if the part ends with numbers in brackets.
fn numbered(part: &str) -> Option<&str> {
    let at = part.find('[').filter(|at| *at > 0)?;
    let (name, mut rest) = part.split_at_checked(at)?;
    while !rest.is_empty() {
        rest = rest.strip_prefix('[').and_then(closed)?.1;
    }
    Some(name)
}

/// Whether a part is a position: digits of any length without leading zeros, so that no number is too large to be read.
fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
}

/// An object or list under construction.
#[derive(Default)]
struct Branch<'a> {
    nodes: Vec<(&'a str, Node<'a>)>,
    index: FxHashMap<&'a str, usize>,
    /// Whether one of the keys is a number in brackets.
    has_brackets: bool,
}

enum Node<'a> {
    Leaf(Value<'a>),
    Branch(Branch<'a>),
}

impl<'a> Branch<'a> {
    fn insert(&mut self, rest: Rest<'a>, op: &Unflatten, value: Value<'a>) -> Result<(), Failure> {
        let (key, next) = rest.split(op);
        self.has_brackets |= rest.in_brackets;
        let at = *self.index.entry(key).or_insert(self.nodes.len());
        if at == self.nodes.len() {
            let Some(next) = next else {
                self.nodes.push((key, Node::Leaf(value)));
                return Ok(());
            };
            let mut branch = Self::default();
            branch.insert(next, op, value)?;
            self.nodes.push((key, Node::Branch(branch)));
            return Ok(());
        }
        match (self.nodes.get_mut(at), next) {
            (Some((_, Node::Branch(branch))), Some(next)) => branch.insert(next, op, value),
            // keys of an object are unique, so these are two spellings: `a.0` and `a[0]`
            (Some((_, Node::Leaf(_))), None) => Err(Failure::new("two keys refer to the same position")),
            _ => Err(Failure::new("a key refers to both a value and an object")),
        }
    }

    fn finish(mut self, lists: bool, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if !lists || !self.nodes.iter().all(|(key, _)| is_number(key)) {
            return self.object(lists, cx);
        }
        check_length(self.nodes.len())?;
        // numbers without leading zeros are ordered by length, then by digits
        self.nodes.sort_by_key(|(key, _)| (key.len(), *key));
        let mut items = ArenaVec::with_capacity_in(self.nodes.len(), cx.arena);
        for (_, node) in self.nodes {
            items.push(node.finish(lists, cx)?);
        }
        Ok(Value::List(items.into_bump_slice()))
    }

    fn object(self, lists: bool, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if self.has_brackets {
            return Err(Failure::new("a number in brackets is mixed with names"));
        }
        let mut members = ArenaVec::with_capacity_in(self.nodes.len(), cx.arena);
        for (key, node) in self.nodes {
            members.push((key, node.finish(lists, cx)?));
        }
        Ok(Value::Object(members.into_bump_slice()))
    }
}

impl<'a> Node<'a> {
    fn finish(self, lists: bool, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        match self {
            Self::Leaf(value) => Ok(value),
            Self::Branch(branch) => branch.finish(lists, cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::model::json::to_json;

    fn unflattened(keys: &[&str], lists: bool) -> Result<String, String> {
        let arena = Bump::new();
        let members: Vec<_> = keys.iter().enumerate().map(|(at, key)| (*key, Value::Int(at as i64))).collect();
        let op = Unflatten { by: ".".to_owned(), lists };
        let result = op.apply(Value::Object(&members), &Cx::bare(&arena));
        result.map(|value| to_json(value).to_string()).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn keys_with_too_many_parts_are_rejected() {
        for (dots, fits) in [(MAX_DEPTH - 1, true), (MAX_DEPTH, false), (100_000, false)] {
            assert_eq!(unflattened(&[&".".repeat(dots)], false).is_ok(), fits, "{dots}");
            let brackets = format!("a{}", "[0]".repeat(dots));
            assert_eq!(unflattened(&[&brackets], true).is_ok(), fits, "{dots}");
        }
    }

    #[test]
    fn numbered_keys_become_lists() {
        for (keys, wanted) in [
            (&["a[0][0]", "a[0][1]", "a[1][0].b"][..], r#"{"a":[[0,1],[{"b":2}]]}"#),
            (&["a[0].b.1", "a[0].b.2"], r#"{"a":[{"b":[0,1]}]}"#),
            (&["0", "1"], r#"{"0":0,"1":1}"#),
            (
                &["[0]", "a[x]", "b[0]c", "c[", "d[]", "e[01]"],
                r#"{"[0]":0,"a[x]":1,"b[0]c":2,"c[":3,"d[]":4,"e[01]":5}"#,
            ),
            (&["a.-1", "a.1e3", "b.", "b.0"], r#"{"a":{"-1":0,"1e3":1},"b":{"":2,"0":3}}"#),
        ] {
            assert_eq!(unflattened(keys, true).as_deref(), Ok(wanted), "{keys:?}");
        }
        for (keys, wanted) in [
            (&["a.0", "a[0]"][..], "two keys refer to the same position"),
            (&["a[0]", "a.b"], "a number in brackets is mixed with names"),
            (&["a[0]", "a[0].b"], "a key refers to both a value and an object"),
            (&["a", "a[0]"], "a key refers to both a value and an object"),
        ] {
            assert_eq!(unflattened(keys, true), Err(wanted.to_owned()), "{keys:?}");
        }
    }

    #[test]
    fn huge_positions_are_cheap() {
        let far = format!("a.{}", "9".repeat(50_000));
        assert_eq!(
            unflattened(&["a.4294967296", &far, "a.18446744073709551616"], true).as_deref(),
            Ok(r#"{"a":[0,2,1]}"#)
        );
    }
}
