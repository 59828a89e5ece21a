//! `unflatten`, `flatten_keys`: dotted keys to nested objects and back.

use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use rustc_hash::FxHashMap;

use super::support::{Members, check_length, members};
use crate::engine::context::Cx;
use crate::engine::limits::{MAX_DEPTH, MAX_TEXT_BYTES};
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

const BY: &[ArgumentSpec] = &[ArgumentSpec::main_optional(
    "by",
    ArgumentKind::Text,
    "what stands between the parts of a key; `.` when left out",
)];

/// The row of `unflatten`.
pub const UNFLATTEN: OpSpec = OpSpec {
    name: "unflatten",
    family: Family::Collection,
    summary: "makes nested objects of keys with separators",
    details: "For tables and CSV files whose columns are called `address.city`. Parts that are numbers make keys like all others, \
              not positions of a list.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    arguments: BY,
    fails: "one key names both a value and an object, or has more than 64 parts",
    takes_nothing: false,
    examples: &[
        example("", r#"{"a.b.c": 1, "d": 2, "a.b.e": 3}"#, r#"{"a": {"b": {"c": 1, "e": 3}}, "d": 2}"#),
        example("_", r#"{"address_city": "Bonn"}"#, r#"{"address": {"city": "Bonn"}}"#),
        example_failure("", r#"{"a": 1, "a.b": 2}"#),
    ],
    build: |arguments| Ok(Box::new(Unflatten(separator(arguments)?))),
};

/// The row of `flatten_keys`.
pub const FLATTEN_KEYS: OpSpec = OpSpec {
    name: "flatten_keys",
    summary: "makes one object of nested ones, with separators in the keys",
    details: "Lists and empty objects are values and stay. Of keys that become the same the last one wins.",
    fails: "objects are nested more than 64 deep, or the result is over the limits",
    examples: &[
        example(
            "",
            r#"{"a": {"b": {"c": 1}, "d": [{"e": 2}]}, "f": {}}"#,
            r#"{"a.b.c": 1, "a.d": [{"e": 2}], "f": {}}"#,
        ),
        example("/", r#"{"a": {"b": 1}}"#, r#"{"a/b": 1}"#),
        example_failure("", DEEP),
    ],
    build: |arguments| Ok(Box::new(FlattenKeys(separator(arguments)?))),
    ..UNFLATTEN
};

/// Objects nested 66 deep.
const DEEP: &str = concat!(
    r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":"#,
    r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":"#,
    r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1"#,
    "}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}",
);

fn separator(arguments: &mut Arguments) -> Result<String, ArgumentError> {
    match arguments.text("by") {
        Some(by) if by.is_empty() => Err(ArgumentError::new("by", "is empty", "give at least one character")),
        by => Ok(by.unwrap_or_else(|| ".".to_owned())),
    }
}

#[derive(Debug)]
struct Unflatten(String);

impl Op for Unflatten {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut root = Branch::default();
        for (key, value) in members(input)? {
            // counted first, so that a key of separators alone costs nothing
            if key.matches(self.0.as_str()).count() >= MAX_DEPTH {
                return Err(Failure::new(format!("a key has more than {MAX_DEPTH} parts")));
            }
            root.insert(key, &self.0, *value)?;
        }
        Ok(root.finish(cx))
    }
}

/// An object under construction that can still be descended into.
#[derive(Default)]
struct Branch<'a> {
    nodes: Vec<(&'a str, Node<'a>)>,
    index: FxHashMap<&'a str, usize>,
}

enum Node<'a> {
    Leaf(Value<'a>),
    Branch(Branch<'a>),
}

impl<'a> Branch<'a> {
    fn insert(&mut self, path: &'a str, by: &str, value: Value<'a>) -> Result<(), Failure> {
        let (key, rest) = path.split_once(by).map_or((path, None), |(key, rest)| (key, Some(rest)));
        let at = *self.index.entry(key).or_insert(self.nodes.len());
        if at == self.nodes.len() {
            self.nodes.push((key, rest.map_or(Node::Leaf(value), |_| Node::Branch(Branch::default()))));
        }
        match (self.nodes.get_mut(at), rest) {
            (Some((_, Node::Branch(branch))), Some(rest)) => branch.insert(rest, by, value),
            (Some((_, leaf @ Node::Leaf(_))), None) => {
                *leaf = Node::Leaf(value);
                Ok(())
            }
            _ => Err(Failure::new("one key names both a value and an object")),
        }
    }

    fn finish(self, cx: &Cx<'a>) -> Value<'a> {
        let mut members = ArenaVec::with_capacity_in(self.nodes.len(), cx.arena);
        members.extend(self.nodes.into_iter().map(|(key, node)| match node {
            Node::Leaf(value) => (key, value),
            Node::Branch(branch) => (key, branch.finish(cx)),
        }));
        Value::Object(members.into_bump_slice())
    }
}

#[derive(Debug)]
struct FlattenKeys(String);

impl Op for FlattenKeys {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut flat = Flat { by: &self.0, members: Members::new(cx), bytes: 0 };
        flat.add(None, members(input)?, MAX_DEPTH, cx)?;
        Ok(flat.members.finish())
    }
}

struct Flat<'a> {
    by: &'a str,
    members: Members<'a>,
    /// How long the keys made so far are together.
    bytes: usize,
}

impl<'a> Flat<'a> {
    fn add(
        &mut self,
        prefix: Option<&str>,
        members: &'a [(&'a str, Value<'a>)],
        depth: usize,
        cx: &Cx<'a>,
    ) -> Result<(), Failure> {
        let deeper =
            depth.checked_sub(1).ok_or_else(|| Failure::new(format!("is nested more than {MAX_DEPTH} deep")))?;
        for (key, value) in members {
            let key = match prefix {
                None => *key,
                Some(prefix) => self.joined(prefix, key, cx)?,
            };
            match value {
                Value::Object(inner) if !inner.is_empty() => self.add(Some(key), inner, deeper, cx)?,
                _ => {
                    self.members.set(key, *value);
                    check_length(self.members.len())?;
                }
            }
        }
        Ok(())
    }

    fn joined(&mut self, prefix: &str, key: &str, cx: &Cx<'a>) -> Result<&'a str, Failure> {
        let length = prefix.len() + self.by.len() + key.len();
        self.bytes += length;
        if self.bytes > MAX_TEXT_BYTES {
            return Err(Failure::new(format!("makes more than {MAX_TEXT_BYTES} bytes of keys")));
        }
        let mut joined = ArenaString::with_capacity_in(length, cx.arena);
        joined.push_str(prefix);
        joined.push_str(self.by);
        joined.push_str(key);
        Ok(joined.into_bump_str())
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn keys_of_too_many_parts_are_refused() {
        let arena = Bump::new();
        for (dots, fits) in [(MAX_DEPTH - 1, true), (MAX_DEPTH, false), (100_000, false)] {
            let key = ".".repeat(dots);
            let members = [(key.as_str(), Value::Int(1))];
            let op = Unflatten(".".to_owned());
            let result = op.apply(Value::Object(&members), &Cx::bare(&arena)).is_ok();
            assert_eq!(result, fits, "{dots}");
        }
    }
}
