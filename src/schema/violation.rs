//! Violations of the schema: the place and the rule, never the value.

use std::fmt;

use thiserror::Error;

use super::format::TextFormat;
use super::path::push_name;
use crate::model::Kind;
use crate::model::Kinds;

/// The current place of a check in the account. It is on the stack, so that a check without findings allocates nothing.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    outer: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Claim(&'p str),
    Member(&'p str),
    Element(usize),
}

impl<'p> Place<'p> {
    /// The whole account.
    #[must_use]
    pub fn account() -> Self {
        Self::claim("")
    }

    /// A claim, by its path as rules write it.
    #[must_use]
    pub fn claim(path: &'p str) -> Self {
        Self { outer: None, step: Step::Claim(path) }
    }

    /// A member of the object at this place.
    #[must_use]
    pub fn member(&'p self, name: &'p str) -> Self {
        Self { outer: Some(self), step: Step::Member(name) }
    }

    /// An element of the list at this place, counted from 0.
    #[must_use]
    pub fn element(&'p self, index: usize) -> Self {
        Self { outer: Some(self), step: Step::Element(index) }
    }

    fn write(&self, path: &mut String) {
        if let Some(outer) = self.outer {
            outer.write(path);
        }
        match self.step {
            Step::Claim(claim) => path.push_str(claim),
            Step::Member(name) => push_name(path, name),
            Step::Element(index) => path.push_str(&format!("[{index}]")),
        }
    }

    /// The place as a claim path, such as `mfa[0].type`; empty for the whole account.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        self.write(&mut path);
        path
    }
}

/// The rule of the schema that a value violates. Contains only kinds and text of the schema.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Breach {
    /// The value is of another kind.
    Kind {
        /// The kinds that the schema allows.
        expected: Kinds,
        /// The kind of the value.
        found: Kind,
    },
    /// The claim is required.
    Required,
    /// The schema does not have this member, and allows no others.
    Unknown,
    /// The text is not in the format.
    Format(TextFormat),
    /// The text does not match the pattern.
    Pattern(String),
    /// The value is not one of those listed, here as JSON.
    NotListed(Vec<String>),
    /// The text has fewer characters.
    TooShort(u64),
    /// The text has more characters.
    TooLong(u64),
    /// The list has fewer elements.
    TooFew(u64),
    /// The list has more elements.
    TooMany(u64),
    /// The number is below the minimum.
    BelowMinimum(String),
    /// The number is above the maximum.
    AboveMaximum(String),
    /// The number has a fraction.
    NotWhole,
    /// An element is a duplicate of an earlier one.
    Repeated,
    /// Another keyword of JSON Schema is violated.
    Keyword(String),
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { expected, found } => write!(f, "must be {expected}, not {found}"),
            Self::Required => f.write_str("is required"),
            Self::Unknown => f.write_str("is not in the schema"),
            Self::Format(format) => write!(f, "is not {format}"),
            Self::Pattern(pattern) => write!(f, "does not match `{pattern}`"),
            Self::NotListed(choices) => write!(f, "is not one of {}", choices.join(", ")),
            Self::TooShort(least) => write!(f, "has fewer than {least} characters"),
            Self::TooLong(most) => write!(f, "has more than {most} characters"),
            Self::TooFew(least) => write!(f, "has fewer than {least} elements"),
            Self::TooMany(most) => write!(f, "has more than {most} elements"),
            Self::BelowMinimum(least) => write!(f, "is below {least}"),
            Self::AboveMaximum(most) => write!(f, "is above {most}"),
            Self::NotWhole => f.write_str("is not a whole number"),
            Self::Repeated => f.write_str("is a duplicate"),
            Self::Keyword(keyword) => write!(f, "violates `{keyword}` of the schema"),
        }
    }
}

/// A violation and its place.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("`{}` {breach}", if path.is_empty() { "account" } else { path })]
pub struct Violation {
    /// The claim path, such as `mfa[0].type`; empty for the account itself.
    pub path: String,
    /// The violated rule.
    pub breach: Breach,
}

/// All violations of one account, in the order of the account.
#[derive(Debug, Clone, Default, PartialEq, Error)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Adds a violation at a place.
    pub fn add(&mut self, place: Place<'_>, breach: Breach) {
        self.0.push(Violation { path: place.path(), breach });
    }

    /// Adds a violation at a path that is already formatted.
    pub fn push(&mut self, violation: Violation) {
        self.0.push(violation);
    }

    /// Whether there are no violations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of violations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The violations.
    pub fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.0.iter()
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, violation) in self.0.iter().enumerate() {
            write!(f, "{}{violation}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
