//! `flatten_keys`: converts nested objects to dotted keys.

use bumpalo::collections::String as ArenaString;

use super::support::{Members, check_length, members};
use super::unflatten::{BY, UNFLATTEN, separator};
use crate::engine::context::Cx;
use crate::engine::limits::{MAX_DEPTH, MAX_TEXT_BYTES};
use crate::engine::op::{Failure, Op, OpSpec, example, example_failure};
use crate::model::Value;

/// The row of `flatten_keys`.
pub const FLATTEN_KEYS: OpSpec = OpSpec {
    name: "flatten_keys",
    summary: "converts nested objects to one object whose keys contain separators",
    details: "Lists and empty objects are values and stay. If keys become equal, the last one wins.",
    arguments: &[BY],
    fails: "objects are nested more than 64 levels deep, or the result exceeds the limits",
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
    /// The total length of the keys so far.
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
        let deeper = depth
            .checked_sub(1)
            .ok_or_else(|| Failure::new(format!("the object is nested more than {MAX_DEPTH} levels deep")))?;
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
            return Err(Failure::new(format!(
                "the keys of the result are longer than {MAX_TEXT_BYTES} bytes in total"
            )));
        }
        let mut joined = ArenaString::with_capacity_in(length, cx.arena);
        joined.push_str(prefix);
        joined.push_str(self.by);
        joined.push_str(key);
        Ok(joined.into_bump_str())
    }
}
