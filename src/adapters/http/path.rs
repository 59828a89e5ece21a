//! Plain paths into a record or an answer: members and indexes, nothing that searches.

use std::fmt;

use thiserror::Error;

use crate::model::Value;

/// A path to exactly one place, such as `$.items[0].id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(i64),
}

/// A text that is not a plain path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a plain path")]
pub struct PathError(String);

impl PathError {
    /// What to do.
    pub(super) fn help() -> &'static str {
        "write members and indexes, such as `$.items[0].id` or `$['custom:tier']`"
    }
}

impl Path {
    /// Parses a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let error = || PathError(text.to_owned());
        let mut rest = text.strip_prefix('$').ok_or_else(error)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).ok_or_else(error)?;
            steps.push(step);
            rest = after;
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Whether it is the path of everything.
    pub fn is_whole(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it chooses an element of a list.
    pub fn has_index(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Index(_)))
    }

    /// What is there.
    pub fn find<'a>(&self, mut value: Value<'a>) -> Value<'a> {
        for step in &self.steps {
            value = match step {
                Step::Member(name) => value.member(name),
                Step::Index(index) => value.element(*index),
            };
        }
        value
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(name) = text.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end)?;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '@');
        return (!name.is_empty() && name.chars().all(is_name)).then(|| (Step::Member(name.to_owned()), after));
    }
    if let Some(name) = text.strip_prefix("['") {
        let (name, after) = name.split_once("']")?;
        return (!name.contains(['\'', '\\'])).then(|| (Step::Member(name.to_owned()), after));
    }
    let (index, after) = text.strip_prefix('[')?.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), after))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::model::read;

    #[test]
    fn paths_name_one_place() {
        let arena = Bump::new();
        let json = r#"{"a":{"b-c":[1,{"d:e":"x"}]},"k v":2}"#;
        let value = read::parse(json, &arena, &read::ReadLimits::default()).unwrap();
        let found = |path: &str| Path::parse(path).unwrap().find(value).scalar_text(&arena);
        assert_eq!(found("$.a.b-c[0]"), Some("1"));
        assert_eq!(found("$.a['b-c'][-1].d:e"), Some("x"));
        assert_eq!(found("$['k v']"), Some("2"));
        assert_eq!((found("$.a.x.y"), found("$")), (None, None));
        for wrong in ["", "a", "$a", "$.", "$..a", "$.a[*]", "$.a[?(@.b)]", "$.a[", "$['a", "$.a b", "$.a}"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
