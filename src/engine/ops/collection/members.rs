//! `keys`, `values`, `entries`, `find_key`, `key_matching`: what an object has.

use bumpalo::collections::Vec as ArenaVec;
use regex::Regex;

use super::support::{Plain, members};
use crate::engine::condition::equals;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_nothing,
};
use crate::engine::operand::Operand;
use crate::model::{Kinds, Value};

/// The row of `keys`.
pub const KEYS: OpSpec = OpSpec {
    name: "keys",
    family: Family::Collection,
    summary: "lists the keys of an object",
    details: "With `where`, only the keys of members that equal that value: WordPress keeps roles as a PHP array of flags. A list \
              counts as an object whose keys are the positions, because an empty PHP array is decoded as an empty list.",
    input: Kinds::LIST.or(Kinds::OBJECT),
    output: Output::Is(Kinds::LIST),
    arguments: &[ArgumentSpec::optional("where", ArgumentKind::Operand, "the value that a member must equal")],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#"{"a": 1, "b": 2}"#, r#"["a", "b"]"#),
        example("{ where: true }", r#"{"administrator": true, "editor": false}"#, r#"["administrator"]"#),
        example("{ where: true }", "[]", "[]"),
        example("", r#"["x", "y"]"#, "[0, 1]"),
    ],
    build: |arguments| Ok(Box::new(Keys(arguments.operand("where")))),
};

/// The row of `values`.
pub const VALUES: OpSpec = OpSpec {
    name: "values",
    summary: "lists the values of an object",
    details: "They stand in the order of the members. A list stays as it is.",
    arguments: &[],
    examples: &[example("", r#"{"a": 1, "b": [2]}"#, "[1, [2]]"), example("", "[1]", "[1]"), example("", "{}", "[]")],
    build: |_| Ok(Box::new(Plain(values))),
    ..KEYS
};

/// The row of `entries`.
pub const ENTRIES: OpSpec = OpSpec {
    name: "entries",
    summary: "lists the members of an object, each as an object of its own",
    details: "The opposite of `from_entries`. `key` and `value` say how the two parts are called. Of a list the positions are the \
              keys.",
    arguments: &[
        ArgumentSpec::optional("key", ArgumentKind::Text, "what the key is called; `key` when left out"),
        ArgumentSpec::optional("value", ArgumentKind::Text, "what the value is called; `value` when left out"),
    ],
    examples: &[
        example("", r#"{"sms": true}"#, r#"[{"key": "sms", "value": true}]"#),
        example("{ key: id, value: granted }", r#"{"sms": true}"#, r#"[{"id": "sms", "granted": true}]"#),
        example("", "{}", "[]"),
    ],
    build: |arguments| {
        let key = arguments.text("key").unwrap_or_else(|| "key".to_owned());
        let value = arguments.text("value").unwrap_or_else(|| "value".to_owned());
        if key == value {
            return Err(ArgumentError::new(
                "value",
                "is called the same as the key",
                "give the two parts different names",
            ));
        }
        Ok(Box::new(Entries { key, value }))
    },
    ..KEYS
};

/// The row of `find_key`.
pub const FIND_KEY: OpSpec = OpSpec {
    name: "find_key",
    summary: "takes the first key whose member equals a value",
    details: "Without such a member there is no value.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main("value", ArgumentKind::Operand, "the value that the member must equal")],
    examples: &[
        example("true", r#"{"trial": false, "paid": true}"#, r#""paid""#),
        example("1", r#"{"a": "0", "b": "1"}"#, r#""b""#),
        example_nothing("true", r#"{"trial": false}"#),
    ],
    build: |arguments| {
        let value = arguments.operand("value");
        Ok(Box::new(FindKey(value.ok_or_else(|| ArgumentError::new("value", "is missing", "give a value"))?)))
    },
    ..KEYS
};

/// The row of `key_matching`.
pub const KEY_MATCHING: OpSpec = OpSpec {
    name: "key_matching",
    summary: "takes the first member whose key a regex matches",
    details: "For keys that differ between installations: WordPress puts the table prefix before `capabilities`, Shopify's \
              exports carry the type behind the name of a metafield. With `all: true` all such members are taken, as a list.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::ANY),
    arguments: &[
        ArgumentSpec::main("pattern", ArgumentKind::Regex, "the regex of the key"),
        ArgumentSpec::optional("all", ArgumentKind::Boolean, "whether all such members are taken, as a list"),
    ],
    examples: &[
        example(r#""capabilities$""#, r#"{"nickname": "a", "wp_7_capabilities": "b"}"#, r#""b""#),
        example(r#"{ pattern: "^tag_", all: true }"#, r#"{"tag_1": "a", "x": 1, "tag_2": "b"}"#, r#"["a", "b"]"#),
        example(r#"{ pattern: "^tag_", all: true }"#, "{}", "[]"),
        example_nothing(r#""capabilities$""#, r#"{"nickname": "a"}"#),
    ],
    build: |arguments| {
        let all = arguments.boolean("all").unwrap_or(false);
        let pattern = arguments.regex("pattern");
        let pattern = pattern.ok_or_else(|| ArgumentError::new("pattern", "is missing", "give a regex"))?;
        Ok(Box::new(KeyMatching { pattern, all }))
    },
    ..KEYS
};

/// The members of an object, or the elements of a list under their positions.
fn pairs<'a>(input: Value<'a>) -> Result<impl Iterator<Item = (Value<'a>, Value<'a>)>, Failure> {
    let (members, items) = match input {
        Value::Object(members) => (members, [].as_slice()),
        Value::List(items) => ([].as_slice(), items),
        _ => return Err(Failure::kind(KEYS.input, input)),
    };
    let members = members.iter().map(|(key, value)| (Value::Text(key), *value));
    let items = items.iter().enumerate().map(|(at, item)| (Value::Int(i64::try_from(at).unwrap_or(i64::MAX)), *item));
    Ok(members.chain(items))
}

fn values<'a>(input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    if matches!(input, Value::List(_)) {
        return Ok(input);
    }
    let mut values = ArenaVec::new_in(cx.arena);
    values.extend(members(input)?.iter().map(|(_, value)| *value));
    Ok(Value::List(values.into_bump_slice()))
}

#[derive(Debug)]
struct Keys(Option<Operand>);

impl Op for Keys {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let wanted = self.0.as_ref();
        let mut keys = ArenaVec::new_in(cx.arena);
        keys.extend(
            pairs(input)?
                .filter(|(_, value)| wanted.is_none_or(|wanted| equals(*value, wanted, cx)))
                .map(|(key, _)| key),
        );
        Ok(Value::List(keys.into_bump_slice()))
    }
}

#[derive(Debug)]
struct Entries {
    key: String,
    value: String,
}

impl Op for Entries {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut entries = ArenaVec::new_in(cx.arena);
        entries.extend(
            pairs(input)?.map(|(key, value)| cx.keep_object(&[(self.key.as_str(), key), (self.value.as_str(), value)])),
        );
        Ok(Value::List(entries.into_bump_slice()))
    }
}

#[derive(Debug)]
struct FindKey(Operand);

impl Op for FindKey {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let found = members(input)?.iter().find(|(_, value)| equals(*value, &self.0, cx));
        Ok(found.map_or(Value::Missing, |(key, _)| Value::Text(key)))
    }
}

#[derive(Debug)]
struct KeyMatching {
    pattern: Regex,
    all: bool,
}

impl Op for KeyMatching {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut found = members(input)?.iter().filter(|(key, _)| self.pattern.is_match(key)).map(|(_, value)| *value);
        if !self.all {
            return Ok(found.next().unwrap_or_default());
        }
        let mut list = ArenaVec::new_in(cx.arena);
        list.extend(found);
        Ok(Value::List(list.into_bump_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::{Argument, Arguments};

    #[test]
    fn the_parts_of_an_entry_need_two_names() {
        let mut arguments = Arguments::default();
        arguments.push("key", Argument::Text("value".to_owned()));
        assert!((ENTRIES.build)(&mut arguments).is_err());
    }
}
