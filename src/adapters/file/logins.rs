//! Reads the logins of a record at the configured paths, in canonical form.

use bumpalo::Bump;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use thiserror::Error;

use crate::engine::context::Cx;
use crate::engine::path::Tail;
use crate::model::Value;
use crate::model::read::{ReadError, ReadLimits, Selection, select};
use crate::ports::IdentifierProfile;
use crate::rules::reference;

/// An invalid login path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` is not a login path: {message}")]
pub struct LoginPathError {
    path: String,
    message: String,
}

/// The paths to a record's logins.
#[derive(Debug)]
pub(super) struct LoginPaths {
    paths: Vec<(String, Tail)>,
}

/// The logins of one record.
#[derive(Debug, Default)]
pub(super) struct Logins {
    /// The canonical forms, without duplicates.
    pub canonical: Vec<String>,
    /// The number of values that are not valid identifiers.
    pub unusable: u64,
}

impl LoginPaths {
    /// Parses paths such as `$.user_login` and `$.emails[*].value`.
    ///
    /// # Errors
    /// The first path that is invalid or does not start with a member name; also if there are no paths.
    pub fn new(paths: &[String]) -> Result<Self, LoginPathError> {
        if paths.is_empty() {
            return Err(problem("", "at least one path is required"));
        }
        paths.iter().map(|path| Self::path(path)).collect::<Result<_, _>>().map(|paths| Self { paths })
    }

    fn path(path: &str) -> Result<(String, Tail), LoginPathError> {
        let rest = path.strip_prefix('$').ok_or_else(|| problem(path, "it does not start with `$`"))?;
        let query = reference::parse(rest).map_err(|found| problem(path, &found.message))?;
        let mut segments = query.segments.into_iter();
        match segments.next() {
            Some(Segment::Selector(Selector::Name(name))) => Ok((name, Tail::of(JpQuery::new(segments.collect())))),
            _ => Err(problem(path, "it does not start with a member name")),
        }
    }

    /// Reads the logins of a record.
    ///
    /// # Errors
    /// Why the text is not a record.
    pub fn of(&self, json: &str, limits: &ReadLimits, profile: &IdentifierProfile) -> Result<Logins, ReadError> {
        let arena = Bump::new();
        let members = std::cell::RefCell::new(Vec::new());
        select(json, &arena, limits, Members::Top(self), |member, value| {
            if let Members::One(name) = member {
                members.borrow_mut().push((name, value));
            }
        })?;
        let (cx, mut logins) = (Cx::bare(&arena), Logins::default());
        for (name, tail) in &self.paths {
            // The last value counts: a record that is read in two passes yields a member twice.
            let member = members.borrow().iter().rev().find(|(have, _)| have == name).map(|(_, value)| *value);
            match tail.find(member.unwrap_or_default(), &cx) {
                Value::List(values) => values.iter().for_each(|value| logins.add(*value, &arena, profile)),
                value => logins.add(value, &arena, profile),
            }
        }
        Ok(logins)
    }
}

impl Logins {
    fn add<'a>(&mut self, value: Value<'a>, arena: &'a Bump, profile: &IdentifierProfile) {
        if value.is_empty() {
            return;
        }
        match value.scalar_text(arena).and_then(|text| profile.canonical(text).ok()) {
            None => self.unusable += 1,
            Some(identifier) if self.has(identifier.canonical()) => {}
            Some(identifier) => self.canonical.push(identifier.canonical().to_owned()),
        }
    }

    /// Whether a login is among them.
    pub fn has(&self, canonical: &str) -> bool {
        self.canonical.iter().any(|login| login == canonical)
    }
}

/// The members of a record that contain logins.
#[derive(Clone, Copy)]
enum Members<'p> {
    Top(&'p LoginPaths),
    One(&'p str),
}

impl Selection for Members<'_> {
    fn is_whole(self) -> bool {
        matches!(self, Self::One(_))
    }

    fn member(self, key: &str) -> Option<(usize, Self)> {
        match self {
            Self::Top(paths) => {
                let mut names = paths.paths.iter().map(|(name, _)| name).enumerate();
                names.find(|(_, name)| *name == key).map(|(at, name)| (at, Self::One(name)))
            }
            Self::One(_) => None,
        }
    }
}

fn problem(path: &str, message: &str) -> LoginPathError {
    LoginPathError { path: path.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str], json: &str) -> Vec<String> {
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        let paths = LoginPaths::new(&paths).expect("paths");
        paths.of(json, &ReadLimits::default(), &IdentifierProfile::default()).expect("a record").canonical
    }

    #[test]
    fn logins_are_found_at_their_paths() {
        for (paths, json, logins) in [
            (&["$.a"][..], r#"{"a":"Ada"}"#, &["ada"][..]),
            (&["$.a", "$.b"], r#"{"b":" ADA ","x":1.5e400,"a":"ada"}"#, &["ada"]),
            (&["$.a", "$.b"], r#"{"a":"","b":null}"#, &[]),
            (&["$.a"], r#"{"a":["x","Y",{}]}"#, &["x", "y"]),
            (&["$.a[*].v"], r#"{"a":[{"v":"x"},{"v":"y"},{}]}"#, &["x", "y"]),
            (&["$.a[?@.p].v"], r#"{"a":[{"v":"x"},{"v":"y","p":1}]}"#, &["y"]),
            (&["$['a b'].c"], r#"{"a b":{"c":4711}}"#, &["4711"]),
            (&["$.a"], r#"{"a":123456789012345678901234567890,"z":1e400}"#, &["123456789012345678901234567890"]),
            (&["$.a"], r#"["no object"]"#, &[]),
        ] {
            assert_eq!(of(paths, json), logins, "{paths:?} {json}");
        }
    }

    #[test]
    fn invalid_identifiers_are_counted() {
        let paths = LoginPaths::new(&["$.a".to_owned()]).expect("a path");
        let json = r#"{"a":["two words",[],{"b":1},"fine","\u0000"]}"#;
        let logins = paths.of(json, &ReadLimits::default(), &IdentifierProfile::default()).expect("a record");
        assert_eq!((logins.canonical, logins.unusable), (vec!["fine".to_owned()], 3));
    }

    #[test]
    fn invalid_paths_are_rejected() {
        for (path, message) in [
            ("a", "`a` is not a login path: it does not start with `$`"),
            ("$", "`$` is not a login path: it does not start with a member name"),
            ("$[0]", "`$[0]` is not a login path: it does not start with a member name"),
        ] {
            let error = LoginPaths::new(&[path.to_owned()]).expect_err("no path");
            assert_eq!(error.to_string(), message);
        }
        assert!(LoginPaths::new(&["$.a[".to_owned()]).is_err());
        assert!(LoginPaths::new(&[]).is_err());
    }
}
