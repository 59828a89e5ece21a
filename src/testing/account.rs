//! Compares expected accounts with actual ones, claim by claim.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::model::Value;
use crate::model::json::{same, write};
use crate::model::read::{ReadLimits, parse};

/// How much of an object is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// The named members; the object may have others.
    Part,
    /// The named members and no others.
    Whole,
}

/// The value as a target receives it, with bytes as Base64 text.
pub(super) fn written<'a>(value: Value<'_>, arena: &'a Bump) -> Value<'a> {
    let text = arena.alloc_str(&compact(value));
    let limits =
        ReadLimits { bytes: usize::MAX, values: usize::MAX, key_bytes: usize::MAX, depth: ReadLimits::MAX_DEPTH };
    parse(text, arena, &limits).unwrap_or_default()
}

/// Compact JSON.
pub(super) fn compact(value: Value<'_>) -> String {
    let mut bytes = Vec::new();
    write(value, &mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

/// JSON over several lines, for people and snapshots.
pub(super) fn pretty(value: Value<'_>) -> String {
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// The paths at which two values differ. Objects are compared member by member, all other values as a whole; an expected
/// `null` means that there is no such member.
pub(super) fn differences(expected: Value<'_>, actual: Value<'_>, extent: Extent) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, actual, extent, "", &mut found);
    found
}

fn compare(expected: Value<'_>, actual: Value<'_>, extent: Extent, path: &str, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Missing | Value::Null, Value::Missing | Value::Null) => {}
        (Value::Object(members), Value::Object(have)) => {
            for (key, value) in members {
                compare(*value, actual.member(key), extent, &join(path, key), found);
            }
            let unexpected = have.iter().filter(|(key, _)| !members.iter().any(|(wanted, _)| wanted == key));
            if extent == Extent::Whole {
                found.extend(unexpected.map(|(key, _)| join(path, key)));
            }
        }
        (Value::Object(members), Value::Missing) if !members.is_empty() => {
            for (key, value) in members {
                compare(*value, Value::Missing, extent, &join(path, key), found);
            }
        }
        _ if same(expected, actual) => {}
        _ => found.push(path.to_owned()),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The part of a value that an expectation mentions, in the same order, so that both can be shown side by side.
pub(super) fn mentioned<'a>(expected: Value<'a>, actual: Value<'a>, extent: Extent, arena: &'a Bump) -> Value<'a> {
    let (Value::Object(members), Value::Object(have)) = (expected, actual) else { return actual };
    let mut kept = ArenaVec::new_in(arena);
    for (key, value) in members {
        let member = mentioned(*value, actual.member(key), extent, arena);
        if !matches!(member, Value::Missing) {
            kept.push((*key, member));
        }
    }
    if extent == Extent::Whole {
        kept.extend(have.iter().copied().filter(|(key, _)| !members.iter().any(|(wanted, _)| wanted == key)));
    }
    Value::Object(kept.into_bump_slice())
}

/// The value without members that are `null`, which are expected to be absent.
pub(super) fn without_nulls<'a>(value: Value<'a>, arena: &'a Bump) -> Value<'a> {
    let Value::Object(members) = value else { return value };
    let mut kept = ArenaVec::new_in(arena);
    let present = members.iter().filter(|(_, value)| value.is_present());
    kept.extend(present.map(|(key, value)| (*key, without_nulls(*value, arena))));
    Value::Object(kept.into_bump_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::from_json;
    use serde_json::json;

    #[test]
    fn paths_of_differences() {
        let arena = Bump::new();
        let actual = json!({"a": 1, "email": {"value": "x", "verified": true}, "roles": [{"k": 1, "l": 2}]});
        for (expected, part, whole) in [
            (json!({}), vec![], vec!["a", "email", "roles"]),
            (json!({"a": 1, "email": {"value": "x"}}), vec![], vec!["email.verified", "roles"]),
            (
                json!({"a": "1", "email": {"value": null}}),
                vec!["a", "email.value"],
                vec!["a", "email.value", "email.verified", "roles"],
            ),
            (json!({"roles": [{"k": 1}]}), vec!["roles"], vec!["roles", "a", "email"]),
            (json!({"roles": [{"l": 2, "k": 1.0}], "gone": null}), vec![], vec!["a", "email"]),
            (
                json!({"name": {"given": "x"}, "a": {"b": 1}}),
                vec!["a", "name.given"],
                vec!["a", "name.given", "email", "roles"],
            ),
        ] {
            let (expected, actual) = (from_json(&expected, &arena), from_json(&actual, &arena));
            assert_eq!(differences(expected, actual, Extent::Part), part);
            assert_eq!(differences(expected, actual, Extent::Whole), whole);
        }
    }

    #[test]
    fn only_mentioned_members_are_shown() {
        let arena = Bump::new();
        let expected = from_json(&json!({"b": {"x": 1}, "c": null, "d": 4}), &arena);
        let actual = from_json(&json!({"a": 1, "b": {"x": 2, "y": 3}, "c": 5}), &arena);
        assert_eq!(compact(mentioned(expected, actual, Extent::Part, &arena)), r#"{"b":{"x":2},"c":5}"#);
        assert_eq!(compact(mentioned(expected, actual, Extent::Whole, &arena)), r#"{"b":{"x":2,"y":3},"c":5,"a":1}"#);
        assert_eq!(compact(without_nulls(expected, &arena)), r#"{"b":{"x":1},"d":4}"#);
    }
}
