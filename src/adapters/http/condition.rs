//! Conditions that answers fulfil.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::path::{Path, PathError};
use super::request::Mistake;
use super::shape::{ConditionSettings, Scalar, Test};
use crate::model::Value;

/// A header that is there and has no single text.
const UNREADABLE: Value<'static> = Value::Bool(true);

/// Headers that every answer may have, whatever it means.
const USUAL: [&str; 9] =
    ["content-type", "content-length", "date", "server", "connection", "keep-alive", "cache-control", "vary", "via"];

/// A compiled condition.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    statuses: Vec<u16>,
    body: Vec<(Path, Test)>,
    headers: Vec<(String, Test)>,
    text: Option<String>,
    /// Whether answers must say whose password it is.
    pub has_subject: bool,
}

impl Condition {
    /// Compiles conditions.
    pub fn compile_all(key: &str, settings: &[ConditionSettings], mistakes: &mut Vec<Mistake>) -> Vec<Self> {
        let mut compile = |settings| Self::compile(key, settings, mistakes);
        settings.iter().filter_map(&mut compile).collect()
    }

    fn compile(key: &str, settings: &ConditionSettings, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let before = mistakes.len();
        let statuses = settings.status.0.clone();
        if statuses.is_empty() || statuses.iter().any(|status| !(200..=599).contains(status)) {
            let help = "for example `status: 200` or `status: [ 400, 401 ]`";
            mistakes.push(Mistake::new(key, format!("`{key}` needs a status from 200 to 599"), help));
        }
        if statuses.iter().any(|status| (300..400).contains(status)) {
            let help = "redirects are never followed, and never an answer about a password";
            mistakes.push(Mistake::new(key, format!("`{key}` uses a status of a redirect"), help));
        }
        let mut body = Vec::new();
        compile_tests(key, &settings.body, &mut body, mistakes);
        if settings.text.as_deref().is_some_and(|text| text.trim().is_empty()) {
            let help = "write a part of the body that no other answer has";
            mistakes.push(Mistake::new(key, format!("`{key}` has an empty text, which every answer contains"), help));
        }
        let headers = settings.headers.iter().map(|(name, test)| (name.clone(), as_text(test))).collect();
        let (text, has_subject) = (settings.text.clone(), settings.subject.unwrap_or(true));
        (mistakes.len() == before).then_some(Self { statuses, body, headers, text, has_subject })
    }

    /// Whether an answer fulfils it. `body` is what the answer says, and `text` the same if it is not JSON.
    pub fn holds(&self, answer: &Answer, body: Value<'_>, text: &str) -> bool {
        let header = |name: &str| {
            let mut found = answer.headers.get_all(name).iter();
            match (found.next(), found.next()) {
                (None, _) => Value::Missing,
                (Some(value), None) => value.to_str().map_or(UNREADABLE, Value::Text),
                // which one counts is not known
                (Some(_), Some(_)) => UNREADABLE,
            }
        };
        self.statuses.contains(&answer.status)
            && self.body.iter().all(|(path, test)| fulfils(path.find(body), test))
            && self.headers.iter().all(|(name, test)| fulfils(header(name), test))
            && self.text.as_ref().is_none_or(|part| text.contains(part.as_str()))
    }

    /// Whether more than the status is required to be there, and more than any answer has.
    pub fn has_evidence(&self) -> bool {
        let body = self.body.iter().filter(|(path, test)| !(path.is_whole() && *test == Test::Exists(true)));
        let headers = self.headers.iter().filter(|(name, _)| !USUAL.contains(&name.to_ascii_lowercase().as_str()));
        let mut tests = body.map(|(_, test)| test).chain(headers.map(|(_, test)| test));
        self.text.is_some() || tests.any(|test| *test != Test::Exists(false))
    }

    /// Whether nothing but the status is described.
    pub fn is_status_alone(&self) -> bool {
        self.text.is_none() && self.body.is_empty() && self.headers.is_empty()
    }

    /// Whether the condition is about the body.
    pub fn reads_text(&self) -> bool {
        self.text.is_some()
    }

    /// Whether one of its statuses has this property.
    pub fn has_status(&self, is: impl Fn(u16) -> bool) -> bool {
        self.statuses.iter().any(|status| is(*status))
    }
}

/// Compiles tests of values.
fn compile_tests(
    key: &str,
    tests: &BTreeMap<String, Test>,
    compiled: &mut Vec<(Path, Test)>,
    mistakes: &mut Vec<Mistake>,
) {
    for (path, test) in tests {
        match Path::parse(path) {
            Ok(path) => compiled.push((path, test.clone())),
            Err(error) => {
                mistakes.push(Mistake::new(key, format!("`{key}` is invalid: {error}"), PathError::help()));
            }
        }
    }
}

/// Descriptions of an object, one of which is enough. Each has values that must all be there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Described(Vec<Vec<(Path, Test)>>);

impl Described {
    /// Compiles descriptions.
    pub fn compile(key: &str, settings: &[BTreeMap<String, Test>], mistakes: &mut Vec<Mistake>) -> Self {
        let mut all = Vec::new();
        for tests in settings {
            if tests.is_empty() {
                let help = "write a path and a value, such as `{ $.status: active }`";
                mistakes.push(Mistake::new(key, format!("`{key}` describes every account"), help));
            }
            let mut compiled = Vec::new();
            compile_tests(key, tests, &mut compiled, mistakes);
            all.push(compiled);
        }
        Self(all)
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is described.
    pub fn describes(&self, value: Value<'_>) -> bool {
        self.0.iter().any(|tests| tests.iter().all(|(path, test)| fulfils(path.find(value), test)))
    }
}

/// The same test of a header, whose values are texts.
fn as_text(test: &Test) -> Test {
    let text = |value: &Scalar| match value {
        Scalar::Boolean(flag) => Scalar::Text(flag.to_string()),
        Scalar::Integer(number) => Scalar::Text(number.to_string()),
        Scalar::Text(text) => Scalar::Text(text.clone()),
    };
    match test {
        Test::Is(value) => Test::Is(text(value)),
        Test::OneOf(values) => Test::OneOf(values.iter().map(text).collect()),
        other => other.clone(),
    }
}

fn fulfils(value: Value<'_>, test: &Test) -> bool {
    match test {
        Test::Is(want) => is(value, want),
        Test::OneOf(wanted) => wanted.iter().any(|want| is(value, want)),
        Test::Exists(exists) => says_something(value) == *exists,
        Test::Contains(part) => value.as_text().is_some_and(|text| text.contains(part.as_str())),
        Test::StartsWith(start) => value.as_text().is_some_and(|text| text.starts_with(start.as_str())),
    }
}

/// Systems answer with `"token": ""`, `"user": false` or `"id": 0` where there is none.
fn says_something(value: Value<'_>) -> bool {
    !value.is_empty() && !matches!(value, Value::Bool(false) | Value::Int(0))
}

fn is(value: Value<'_>, want: &Scalar) -> bool {
    match (value, want) {
        (Value::Bool(have), Scalar::Boolean(want)) => have == *want,
        (Value::Int(have), Scalar::Integer(want)) => have == *want,
        (Value::Text(have), Scalar::Text(want)) => have == want.as_str(),
        _ => false,
    }
}
