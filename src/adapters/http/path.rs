//! Plain paths into a record or an answer: members and indexes, nothing that searches.

use std::fmt;

use thiserror::Error;

use crate::model::Value;

/// A path to exactly one place, such as `$.items[0].id` or `$.attributes[Name=email].Value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(i64),
    /// The only element whose member is this text, in a list of names and values.
    Only {
        member: String,
        text: String,
    },
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
        self.steps.iter().any(|step| !matches!(step, Step::Member(_)))
    }

    /// What is there.
    pub fn find<'a>(&self, mut value: Value<'a>) -> Value<'a> {
        for step in &self.steps {
            value = match step {
                Step::Member(name) => value.member(name),
                Step::Index(index) => value.element(*index),
                Step::Only { member, text } => only(value, member, text),
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

/// The only element with this member. With two, it is not known which one counts.
fn only<'a>(list: Value<'a>, member: &str, text: &str) -> Value<'a> {
    let mut found =
        list.as_list().unwrap_or_default().iter().filter(|item| item.member(member).as_text() == Some(text));
    match (found.next(), found.next()) {
        (Some(item), None) => *item,
        _ => Value::Missing,
    }
}

/// A name that needs no quotes.
fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '@');
    !name.is_empty() && name.chars().all(is_part)
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(name) = text.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at_checked(end)?;
        return is_name(name).then(|| (Step::Member(name.to_owned()), after));
    }
    if let Some(name) = text.strip_prefix("['") {
        let (name, after) = name.split_once("']")?;
        return (!name.contains(['\'', '\\'])).then(|| (Step::Member(name.to_owned()), after));
    }
    let (index, after) = text.strip_prefix('[')?.split_once(']')?;
    if let Some((member, text)) = index.split_once('=') {
        let only = Step::Only { member: member.to_owned(), text: text.to_owned() };
        return (is_name(member) && is_name(text)).then_some((only, after));
    }
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
        let json = r#"{"a":{"b-c":[1,{"d:e":"x"}]},"k v":2,
            "n":[{"Name":"a:b","Value":3},{"Name":"twice","Value":4},{"Name":"twice","Value":5},7]}"#;
        let value = read::parse(json, &arena, &read::ReadLimits::default()).unwrap();
        let found = |path: &str| Path::parse(path).unwrap().find(value).scalar_text(&arena);
        assert_eq!(found("$.a.b-c[0]"), Some("1"));
        assert_eq!(found("$.a['b-c'][-1].d:e"), Some("x"));
        assert_eq!(found("$['k v']"), Some("2"));
        assert_eq!(found("$.n[Name=a:b].Value"), Some("3"));
        assert_eq!(
            (found("$.n[Name=twice].Value"), found("$.n[Name=x].Value"), found("$.a[Name=x]")),
            (None, None, None)
        );
        assert_eq!((found("$.a.x.y"), found("$")), (None, None));
        for wrong in [
            "",
            "a",
            "$a",
            "$.",
            "$..a",
            "$.a[*]",
            "$.a[?(@.b)]",
            "$.a[",
            "$['a",
            "$.a b",
            "$.a}",
            "$.a[=b]",
            "$.a[b=]",
            "$.a[b=c d]",
        ] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
