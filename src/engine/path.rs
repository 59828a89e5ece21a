//! Paths into a value: members, indexes and `[*]` are evaluated here, everything else by jsonpath-rust, parsed
//! beforehand.

use bumpalo::collections::Vec as ArenaVec;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};

use super::context::Cx;
use super::query;
use crate::model::Value;

/// The part of a path after its slot or variable.
#[derive(Debug, Clone, Default)]
pub enum Tail {
    /// Nothing: the value itself.
    #[default]
    Whole,
    /// Members and indexes: exactly one place.
    Steps(Vec<PathStep>),
    /// Members, indexes and `[*]`: a list of the present values.
    Many(Vec<PathStep>),
    /// Filters, slices, `..`: a list of what the query finds.
    Query(Box<JpQuery>),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
    /// `.name`
    Member(Box<str>),
    /// `[n]`, from the end if negative
    Index(i64),
    /// `[*]`
    Each,
}

impl Tail {
    /// The tail that a parsed query means.
    #[must_use]
    pub fn of(query: JpQuery) -> Self {
        let steps: Option<Vec<PathStep>> = query.segments.iter().map(step).collect();
        match steps {
            None => Self::Query(Box::new(query)),
            Some(steps) if steps.is_empty() => Self::Whole,
            Some(steps) if steps.contains(&PathStep::Each) => Self::Many(steps),
            Some(steps) => Self::Steps(steps),
        }
    }

    /// Whether the path names exactly one place.
    #[must_use]
    pub fn is_singular(&self) -> bool {
        matches!(self, Self::Whole | Self::Steps(_))
    }

    /// The result of the path in a value: the value, [`Value::Missing`], or, for a path that may find several, a list.
    /// An empty list counts as missing.
    #[must_use]
    pub fn find<'a>(&'a self, value: Value<'a>, cx: &Cx<'a>) -> Value<'a> {
        let found = match self {
            Self::Whole => return value,
            Self::Steps(steps) => return walk(value, steps),
            Self::Many(steps) => {
                let mut found = ArenaVec::new_in(cx.arena);
                walk_all(value, steps, &mut found);
                found
            }
            Self::Query(query) => query::run(query, value, cx.arena),
        };
        if found.is_empty() { Value::Missing } else { Value::List(found.into_bump_slice()) }
    }
}

fn step(segment: &Segment) -> Option<PathStep> {
    match segment {
        Segment::Selector(Selector::Name(name)) => Some(PathStep::Member(name.as_str().into())),
        Segment::Selector(Selector::Index(index)) => Some(PathStep::Index(*index)),
        Segment::Selector(Selector::Wildcard) => Some(PathStep::Each),
        _ => None,
    }
}

/// The value at the one place that the steps name.
#[must_use]
pub fn walk<'a>(mut value: Value<'a>, steps: &[PathStep]) -> Value<'a> {
    for step in steps {
        value = match step {
            PathStep::Member(name) => value.member(name),
            PathStep::Index(index) => value.element(*index),
            PathStep::Each => Value::Missing,
        };
    }
    value
}

fn walk_all<'a>(value: Value<'a>, steps: &[PathStep], found: &mut ArenaVec<'a, Value<'a>>) {
    let Some((step, rest)) = steps.split_first() else {
        if !matches!(value, Value::Missing) {
            found.push(value);
        }
        return;
    };
    match step {
        PathStep::Member(name) => walk_all(value.member(name), rest, found),
        PathStep::Index(index) => walk_all(value.element(*index), rest, found),
        PathStep::Each => match value {
            Value::List(items) => items.iter().for_each(|item| walk_all(*item, rest, found)),
            Value::Object(members) => members.iter().for_each(|(_, member)| walk_all(*member, rest, found)),
            _ => {}
        },
    }
}
