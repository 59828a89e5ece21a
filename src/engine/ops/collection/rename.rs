//! `rename_keys`, `strip_key_prefix`: change the keys of an object.

use super::support::{Members, key_text, members};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::model::{Kinds, Value};

const KEEP_OR_DROP: ArgumentKind = ArgumentKind::Choice(&["keep", "drop"]);

/// The row of `rename_keys`.
pub const RENAME_KEYS: OpSpec = OpSpec {
    name: "rename_keys",
    family: Family::Collection,
    summary: "renames the keys of an object with a dictionary",
    details: "The dictionary is an object that maps old keys to new ones. It can be a reference, for databases that \
              number their attributes and store the names in another table. Members that are not in the dictionary \
              stay, unless `unknown: drop` is set. If keys become equal, the last one wins.",
    input: Kinds::OBJECT,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[
        ArgumentSpec::main("names", ArgumentKind::Operand, "an object that maps old keys to new ones"),
        ArgumentSpec::optional(
            "unknown",
            KEEP_OR_DROP,
            "what to do with members that are not in the dictionary; `keep` by default",
        ),
    ],
    fails: "the dictionary is missing or not an object",
    takes_nothing: false,
    examples: &[
        example("{ names: { fn: given } }", r#"{"fn": "Ada", "x": 1}"#, r#"{"given": "Ada", "x": 1}"#),
        example("{ names: { \"5\": given }, unknown: drop }", r#"{"5": "Ada", "9": 1}"#, r#"{"given": "Ada"}"#),
        example("{ names: { a: c, b: c } }", r#"{"a": 1, "b": 2}"#, r#"{"c": 2}"#),
        example_failure("{ names: text }", r#"{"a": 1}"#),
    ],
    build: |arguments| {
        let names = arguments.operand("names");
        let names =
            names.ok_or_else(|| ArgumentError::new("names", "is missing", "give old keys and their new ones"))?;
        let drop_unknown = arguments.text("unknown").as_deref() == Some("drop");
        Ok(Box::new(RenameKeys { names, drop_unknown }))
    },
};

/// The row of `strip_key_prefix`.
pub const STRIP_KEY_PREFIX: OpSpec = OpSpec {
    name: "strip_key_prefix",
    summary: "keeps the members whose key starts with a prefix, and removes the prefix",
    details: "Cognito marks custom attributes with `custom:`, other systems with `profile_` or similar. Members \
              without the prefix, and a member whose key equals the prefix, are left out unless `others: keep` is set. \
              If keys become equal, the last one wins.",
    arguments: &[
        ArgumentSpec::main("prefix", ArgumentKind::Text, "the prefix"),
        ArgumentSpec::optional("others", KEEP_OR_DROP, "what to do with the other members; `drop` by default"),
    ],
    fails: "",
    examples: &[
        example("\"custom:\"", r#"{"custom:tier": "gold", "sub": "1", "custom:": 0}"#, r#"{"tier": "gold"}"#),
        example("{ prefix: p_, others: keep }", r#"{"p_a": 1, "b": 2}"#, r#"{"a": 1, "b": 2}"#),
    ],
    build: |arguments| {
        let prefix = arguments.need_text("prefix")?;
        if prefix.is_empty() {
            return Err(ArgumentError::new("prefix", "is empty", "give the text that the keys start with"));
        }
        let keep_others = arguments.text("others").as_deref() == Some("keep");
        Ok(Box::new(StripKeyPrefix { prefix, keep_others }))
    },
    ..RENAME_KEYS
};

#[derive(Debug)]
struct RenameKeys {
    names: Operand,
    drop_unknown: bool,
}

impl Op for RenameKeys {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let dictionary = self.names.value(cx);
        if !dictionary.is_present() {
            return Err(Failure::new("the argument `names` has no value"));
        }
        let mut dictionary = Members::of(members(dictionary)?, cx);
        let mut renamed = Members::new(cx);
        for (key, value) in members(input)? {
            match dictionary.entry(key).and_then(|name| key_text(*name, cx)) {
                Some(name) => renamed.set(name, *value),
                None if self.drop_unknown => {}
                None => renamed.set(key, *value),
            }
        }
        Ok(renamed.finish())
    }
}

#[derive(Debug)]
struct StripKeyPrefix {
    prefix: String,
    keep_others: bool,
}

impl Op for StripKeyPrefix {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let mut stripped = Members::new(cx);
        for (key, value) in members(input)? {
            match key.strip_prefix(self.prefix.as_str()).filter(|rest| !rest.is_empty()) {
                Some(rest) => stripped.set(rest, *value),
                None if self.keep_others => stripped.set(key, *value),
                None => {}
            }
        }
        Ok(stripped.finish())
    }
}
