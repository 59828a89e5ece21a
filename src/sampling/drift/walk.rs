//! Walks over a record beside the fields of the assessment.

use std::collections::HashSet;

use crate::engine::capture::member_path;
use crate::model::json::write;
use crate::model::{Kind, Value};

use super::baseline::{Baseline, BaselineField};

/// How long the path of a field may be where it is told, in characters.
const LONGEST_PATH: usize = 200;

/// How long a value may be to be compared with the few that a field had, in bytes.
const LONGEST_VALUE: usize = 200;

/// How many sights one record may give. Stops a record with a million fields from being walked over; the reader has bounds
/// of its own.
const MOST: usize = 10_000;

/// What a record shows of one field, which has a value in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// A field that the assessment has, by its position.
    Known {
        field: usize,
        /// Whether one of its values is of another kind.
        is_new_kind: bool,
        /// Whether one of its values is none of the few.
        is_new_value: bool,
    },
    /// A field that it does not have. Nothing inside of it is looked at.
    Unknown(String),
}

/// What a record shows.
pub(super) fn sights(record: Value<'_>, baseline: &Baseline) -> Vec<Sight> {
    let mut walk = Walk { baseline, sights: Vec::new(), unknown: HashSet::new() };
    walk.inside(record, "$");
    walk.sights.extend(walk.unknown.into_iter().map(Sight::Unknown));
    walk.sights
}

struct Walk<'b> {
    baseline: &'b Baseline,
    sights: Vec<Sight>,
    /// Fields that the assessment does not have, each once.
    unknown: HashSet<String>,
}

impl Walk<'_> {
    /// Looks at what is inside of a value.
    fn inside(&mut self, value: Value<'_>, path: &str) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(_, member)| is_filled(*member)) {
                    self.value(*member, &member_path(path, name), IsElement::No);
                }
            }
            Value::List(items) => {
                let path = format!("{path}[*]");
                for item in items.iter().filter(|item| is_filled(**item)) {
                    self.value(*item, &path, IsElement::Yes);
                }
            }
            _ => {}
        }
    }

    fn value(&mut self, value: Value<'_>, path: &str, is_element: IsElement) {
        if self.sights.len() + self.unknown.len() >= MOST {
            return;
        }
        match (self.baseline.field(path), is_element) {
            (Some((field, known)), _) => {
                let is_new_kind = !known.kinds.is_empty() && !known.kinds.contains(kind(value));
                let is_new_value = !is_new_kind && is_new_value(value, known);
                self.sights.push(Sight::Known { field, is_new_kind, is_new_value });
                // an assessment that says nothing of what is inside has not looked there, or found nothing
                if known.has_fields {
                    self.inside(value, path);
                }
            }
            // elements have no name of their own: what is inside of them has
            (None, IsElement::Yes) => self.inside(value, path),
            (None, IsElement::No) => {
                self.unknown.insert(path.to_owned());
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IsElement {
    Yes,
    No,
}

/// Whether a field with this value counts as filled in an assessment: blank text does not.
fn is_filled(value: Value<'_>) -> bool {
    !value.is_empty() && !value.as_text().is_some_and(|text| text.trim().is_empty())
}

/// The name of a kind in an assessment.
fn kind(value: Value<'_>) -> &'static str {
    match value.kind() {
        Kind::Missing | Kind::Null => "null",
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Text | Kind::Bytes => "text",
        Kind::List => "list",
        Kind::Object => "object",
    }
}

fn is_new_value(value: Value<'_>, known: &BaselineField) -> bool {
    let Some(values) = &known.values else { return false };
    match value {
        Value::List(_) | Value::Object(_) => false,
        Value::Text(text) if text.len() > LONGEST_VALUE => true,
        value => {
            let mut text = Vec::new();
            write(value, &mut text);
            !values.contains(&*String::from_utf8_lossy(&text))
        }
    }
}

/// A path as it is told.
pub(super) fn shortened(path: &str) -> String {
    let mut short: String = path.chars().take(LONGEST_PATH).collect();
    if short.len() < path.len() {
        short.push('…');
    }
    short
}
