//! Changes to the record of a test: `with` sets fields, `without` removes them.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::diag::{Diagnostic, Findings, Span};
use crate::engine::compile::literal;
use crate::engine::context::Cx;
use crate::engine::operand::Operand;
use crate::engine::path::{PathStep, Tail, walk};
use crate::model::Value;
use crate::rules::fields::{list, map};
use crate::rules::syntax::{RefExpr, Root};
use crate::rules::{Node, NodeKind, reference};

/// One change to a record.
#[derive(Debug)]
pub(super) struct Change {
    /// As written, such as `$.user.email`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    steps: Vec<PathStep>,
    /// The new value; `None` removes the field.
    value: Option<Operand>,
}

/// Reads `with` and `without`.
pub(super) fn read(with: Option<&Node>, without: Option<&Node>, findings: &mut Findings) -> Vec<Change> {
    let mut changes = Vec::new();
    for entry in with.map_or(&[][..], |node| map(node, findings)) {
        let key = Node { span: entry.key_span, kind: entry.key_kind() };
        changes.extend(change(&key, Some(literal(&entry.value).0), findings));
    }
    let one_or_more = without.map_or(&[][..], |node| match node.kind {
        NodeKind::Scalar(_) => std::slice::from_ref(node),
        _ => list(node, findings),
    });
    for node in one_or_more {
        changes.extend(change(node, None, findings));
    }
    changes
}

fn change(node: &Node, value: Option<Operand>, findings: &mut Findings) -> Option<Change> {
    let text = node.as_text().unwrap_or("");
    let reference = match reference::is_reference(text) {
        true => reference::read(node, 0..text.len(), findings)?,
        false => return not_a_field(node, findings),
    };
    let RefExpr { root: Root::Record, query, text, .. } = reference else { return not_a_field(node, findings) };
    match Tail::of(query) {
        Tail::Steps(steps) => Some(Change { text, span: node.span, steps, value }),
        _ => not_a_field(node, findings),
    }
}

fn not_a_field(node: &Node, findings: &mut Findings) -> Option<Change> {
    let help = "write `$.name`, `$.list[0].name` or `$['odd name']`; to test another record, change `record`";
    findings.push(Diagnostic::error("R603", node.span, "a change names one field of the record", help));
    None
}

impl Change {
    /// Whether the change removes a field.
    pub fn removes(&self) -> bool {
        self.value.is_none()
    }

    /// Whether the record has the field.
    pub fn is_in(&self, record: Value<'_>) -> bool {
        !matches!(walk(record, &self.steps), Value::Missing)
    }

    /// The record with the change applied.
    ///
    /// # Errors
    /// If the path goes through a value without members or elements, or beyond the end of a list.
    pub fn apply<'a>(&'a self, record: Value<'a>, arena: &'a Bump) -> Result<Value<'a>, String> {
        let value = self.value.as_ref().map_or(Value::Missing, |value| value.value(&Cx::bare(arena)));
        changed(record, &self.steps, value, arena).map_err(|why| format!("cannot change `{}`: {why}", self.text))
    }
}

fn changed<'a>(at: Value<'a>, steps: &'a [PathStep], value: Value<'a>, arena: &'a Bump) -> Result<Value<'a>, String> {
    let Some((step, rest)) = steps.split_first() else { return Ok(value) };
    match (step, at) {
        (PathStep::Member(name), Value::Object(members)) => {
            let inner = changed(at.member(name), rest, value, arena)?;
            let mut copy = ArenaVec::new_in(arena);
            copy.extend(members.iter().copied());
            match copy.iter_mut().find(|(key, _)| *key == &**name) {
                Some(member) => member.1 = inner,
                None => copy.push((name, inner)),
            }
            copy.retain(|(_, value)| !matches!(value, Value::Missing));
            Ok(Value::Object(copy.into_bump_slice()))
        }
        (PathStep::Member(name), Value::Missing | Value::Null) => {
            let inner = changed(Value::Missing, rest, value, arena)?;
            Ok(if matches!(inner, Value::Missing) { at } else { object_of(name, inner, arena) })
        }
        (PathStep::Index(index), Value::List(items)) => in_list(items, *index, rest, value, arena),
        (PathStep::Member(name), other) => {
            Err(format!("expected an object with `{name}`, found a value of type {}", other.kind()))
        }
        (_, other) => Err(format!("expected a list, found a value of type {}", other.kind())),
    }
}

fn object_of<'a>(name: &'a str, value: Value<'a>, arena: &'a Bump) -> Value<'a> {
    Value::Object(arena.alloc_slice_copy(&[(name, value)]))
}

fn in_list<'a>(
    items: &'a [Value<'a>],
    index: i64,
    rest: &'a [PathStep],
    value: Value<'a>,
    arena: &'a Bump,
) -> Result<Value<'a>, String> {
    let length = items.len();
    let from_start = if index < 0 { i64::try_from(length).unwrap_or(i64::MAX) + index } else { index };
    let at = usize::try_from(from_start).ok().filter(|at| *at <= length);
    let Some(at) = at else { return Err(format!("the list has {length} elements")) };
    let old = items.get(at).copied().unwrap_or_default();
    let inner = changed(old, rest, value, arena)?;
    let mut copy = ArenaVec::new_in(arena);
    copy.extend(items.iter().copied());
    match copy.get_mut(at) {
        Some(item) => *item = inner,
        None => copy.push(inner),
    }
    copy.retain(|value| !matches!(value, Value::Missing));
    Ok(Value::List(copy.into_bump_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Files;
    use crate::model::json::{from_json, to_json};
    use crate::rules::read as read_yaml;

    fn apply(record: &serde_json::Value, test: &str) -> Result<serde_json::Value, String> {
        let mut files = Files::default();
        let file = files.add("a.test.yaml", test);
        let mut findings = Findings::default();
        let node = read_yaml(&files, file, &mut findings).expect("YAML");
        let changes = read(node.get("with"), node.get("without"), &mut findings);
        assert!(findings.is_empty(), "{findings:?}");
        let arena = Bump::new();
        let start = Ok(from_json(record, &arena));
        let result = changes.iter().fold(start, |record, change| change.apply(record?, &arena));
        result.map(to_json)
    }

    #[test]
    fn fields_are_set_and_removed() {
        let record = serde_json::json!({"a": {"b": 1, "c": 2}, "list": [{"x": 1}, {"x": 2}]});
        for (changes, wanted) in [
            ("with: { $.a.b: x }", serde_json::json!({"a": {"b": "x", "c": 2}, "list": [{"x": 1}, {"x": 2}]})),
            ("with: { $.a.b: null }", serde_json::json!({"a": {"b": null, "c": 2}, "list": [{"x": 1}, {"x": 2}]})),
            ("without: [ $.a.b, $.list ]", serde_json::json!({"a": {"c": 2}})),
            ("without: $.list", serde_json::json!({"a": {"b": 1, "c": 2}})),
            (
                "without: [ $.nowhere.at.all, '$.list[0]' ]",
                serde_json::json!({"a": {"b": 1, "c": 2}, "list": [{"x": 2}]}),
            ),
            (
                "with: { '$.list[-1].x': [ 3 ], $.new.er: true, '$.list[2]': end }",
                serde_json::json!({"a": {"b": 1, "c": 2}, "list": [{"x": 1}, {"x": [3]}, "end"], "new": {"er": true}}),
            ),
        ] {
            assert_eq!(apply(&record, changes), Ok(wanted), "{changes}");
        }
        for (changes, error) in [
            (
                "with: { $.a.b.c: 1 }",
                "cannot change `$.a.b.c`: expected an object with `c`, found a value of type integer",
            ),
            ("with: { '$.a[0]': 1 }", "cannot change `$.a[0]`: expected a list, found a value of type object"),
            ("with: { '$.list[3]': 1 }", "cannot change `$.list[3]`: the list has 2 elements"),
        ] {
            assert_eq!(apply(&record, changes), Err(error.to_owned()), "{changes}");
        }
    }
}
