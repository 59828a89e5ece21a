//! An op: one row of the step table, and its code.
//!
//! The table is the documentation. `landfall ops`, the editor schema and the language reference are generated from it,
//! and every example in it runs as a test.

use std::borrow::Cow;
use std::ops::Range;

use regex::Regex;

use super::condition::Condition;
use super::context::Cx;
use super::lookup::LookupRef;
use super::operand::{Operand, Operands};
use super::path::Tail;
use super::steps::Steps;
use crate::model::{Kinds, Value};

/// One row of the step table.
#[derive(Debug)]
pub struct OpSpec {
    /// The word a rule file uses: `parse_*`, `to_*`, `is_*`, or a plain verb.
    pub name: &'static str,
    /// The group it is listed in.
    pub family: Family,
    /// One line: what it does.
    pub summary: &'static str,
    /// Why one would use it, edge cases, the source of any format. May be empty.
    pub details: &'static str,
    /// What it accepts. Steps do not run on missing and null unless [`Self::takes_nothing`] is set.
    pub input: Kinds,
    /// What it returns.
    pub output: Output,
    /// Its arguments.
    pub arguments: &'static [ArgumentSpec],
    /// When it fails, to complete the sentence "fails when …"; empty if it cannot fail on an accepted kind.
    pub fails: &'static str,
    /// Whether it also runs on missing and null (a default, a presence test).
    pub takes_nothing: bool,
    /// Examples; all of them run as tests.
    pub examples: &'static [Example],
    /// Builds the step from its checked arguments.
    pub build: fn(&mut Arguments) -> Result<Box<dyn Op>, ArgumentError>,
}

/// The group an op is listed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Text.
    Text,
    /// Numbers and booleans.
    Number,
    /// Dates and times.
    Time,
    /// Lists and objects.
    Collection,
    /// Decoding.
    Decode,
    /// Email addresses, phone numbers, places, languages, ids.
    Identity,
    /// Tests that return a boolean, usable in conditions.
    Predicate,
    /// Choosing and looking up.
    Choice,
}

/// What an op returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// These kinds.
    Is(Kinds),
    /// The input.
    Same,
    /// An element of the input list: any kind.
    Element,
}

/// One argument of an op.
#[derive(Debug)]
pub struct ArgumentSpec {
    /// Its key.
    pub name: &'static str,
    /// What it may be.
    pub kind: ArgumentKind,
    /// Whether it is required.
    pub required: bool,
    /// Whether it is the one meant by `op: X` without a key.
    pub main: bool,
    /// One line.
    pub about: &'static str,
    /// Whether it must be a constant: references are not allowed.
    pub fixed: bool,
}

impl ArgumentSpec {
    /// The argument meant by `op: X`; required.
    #[must_use]
    pub const fn main(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, kind, required: true, main: true, about, fixed: false }
    }

    /// An optional argument.
    #[must_use]
    pub const fn optional(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, kind, required: false, main: false, about, fixed: false }
    }

    /// Whether a map can be the value of this argument, and not only a map of arguments by name.
    #[must_use]
    pub fn takes_maps(&self) -> bool {
        match self.kind {
            ArgumentKind::Condition | ArgumentKind::Fields | ArgumentKind::Steps => true,
            // everything else is a text, a number or a list of them
            ArgumentKind::Operand | ArgumentKind::Operands => ["value", "values", "names"].contains(&self.name),
            _ => false,
        }
    }

    /// A required argument that is given by its key.
    #[must_use]
    pub const fn required(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, kind, required: true, main: false, about, fixed: false }
    }

    /// The argument meant by `op: X`; optional.
    #[must_use]
    pub const fn main_optional(name: &'static str, kind: ArgumentKind, about: &'static str) -> Self {
        Self { name, kind, required: false, main: true, about, fixed: false }
    }

    /// The same argument, which must be a constant.
    #[must_use]
    pub const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
}

/// The kind of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A constant text.
    Text,
    /// A constant text or a list of them.
    Texts,
    /// A constant whole number.
    Integer,
    /// A constant boolean.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A regex, compiled when the rules are read.
    Regex,
    /// Any value: a literal, a reference or a template.
    Operand,
    /// Any value, or a list of values, each of which may be a reference; a reference to a list means its elements.
    Operands,
    /// A condition, in which `$item` is the element.
    Condition,
    /// A list of steps.
    Steps,
    /// The name of a lookup.
    Lookup,
    /// A path inside the value, such as `a.b[0]`.
    Path,
    /// A map of names to values, each of which may be a reference.
    Fields,
}

/// A checked argument.
#[derive(Debug)]
pub enum Argument {
    /// For [`ArgumentKind::Text`] and [`ArgumentKind::Choice`].
    Text(String),
    /// For [`ArgumentKind::Texts`].
    Texts(Vec<String>),
    /// For [`ArgumentKind::Integer`].
    Integer(i64),
    /// For [`ArgumentKind::Boolean`].
    Boolean(bool),
    /// For [`ArgumentKind::Regex`].
    Regex(Regex),
    /// For [`ArgumentKind::Operand`].
    Operand(Operand),
    /// For [`ArgumentKind::Operands`].
    Operands(Operands),
    /// For [`ArgumentKind::Condition`].
    Condition(Condition),
    /// For [`ArgumentKind::Steps`].
    Steps(Steps),
    /// For [`ArgumentKind::Lookup`].
    Lookup(LookupRef),
    /// For [`ArgumentKind::Path`].
    Path(Tail),
    /// For [`ArgumentKind::Fields`].
    Fields(Vec<(String, Operand)>),
    /// For an argument that is usually constant, but is evaluated for every value here.
    Late(Operand),
}

impl Argument {
    /// A copy of the argument; `None` for conditions and steps, which are built once.
    #[must_use]
    pub fn copied(&self) -> Option<Self> {
        Some(match self {
            Self::Text(text) => Self::Text(text.clone()),
            Self::Texts(texts) => Self::Texts(texts.clone()),
            Self::Integer(number) => Self::Integer(*number),
            Self::Boolean(flag) => Self::Boolean(*flag),
            Self::Regex(regex) => Self::Regex(regex.clone()),
            Self::Operand(operand) => Self::Operand(operand.clone()),
            Self::Operands(operands) => Self::Operands(operands.clone()),
            Self::Lookup(lookup) => Self::Lookup(LookupRef::clone(lookup)),
            Self::Path(path) => Self::Path(path.clone()),
            Self::Fields(fields) => Self::Fields(fields.clone()),
            Self::Late(operand) => Self::Late(operand.clone()),
            Self::Condition(_) | Self::Steps(_) => return None,
        })
    }
}

/// The checked arguments of one step with their specs.
pub type Named = Vec<(&'static ArgumentSpec, Argument)>;

/// The checked arguments of one step, each taken out once by [`OpSpec::build`].
#[derive(Debug, Default)]
pub struct Arguments(Vec<(&'static str, Argument)>);

macro_rules! take {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty) => {
        $(#[$doc])*
        pub fn $name(&mut self, name: &str) -> Option<$type> {
            match self.take(name) {
                Some(Argument::$variant(value)) => Some(value),
                _ => None,
            }
        }
    };
}

impl Arguments {
    /// Adds an argument that has been checked against its spec.
    pub fn push(&mut self, name: &'static str, argument: Argument) {
        self.0.push((name, argument));
    }

    fn take(&mut self, name: &str) -> Option<Argument> {
        let at = self.0.iter().position(|(have, _)| *have == name)?;
        Some(self.0.swap_remove(at).1)
    }

    take!(
        /// The text of an argument, when given.
        text, Text, String);
    take!(
        /// The texts of an argument, when given.
        texts, Texts, Vec<String>);
    take!(
        /// The whole number of an argument, when given.
        integer, Integer, i64);
    take!(
        /// The boolean of an argument, when given.
        boolean, Boolean, bool);
    take!(
        /// The regex of an argument, when given.
        regex, Regex, Regex);
    take!(
        /// The operand of an argument, when given.
        operand, Operand, Operand);
    take!(
        /// The operands of an argument, when given.
        operands, Operands, Operands);
    take!(
        /// The condition of an argument, when given.
        condition, Condition, Condition);
    take!(
        /// The steps of an argument, when given.
        steps, Steps, Steps);
    take!(
        /// The lookup of an argument, when given.
        lookup, Lookup, LookupRef);
    take!(
        /// The path of an argument, when given.
        path, Path, Tail);
    take!(
        /// The fields of an argument, when given.
        fields, Fields, Vec<(String, Operand)>);

    /// The text of a required argument; the checks before [`OpSpec::build`] ensure that it is present.
    pub fn need_text(&mut self, name: &'static str) -> Result<String, ArgumentError> {
        self.text(name).ok_or_else(|| ArgumentError::new(name, "is missing", "add it"))
    }
}

/// Why an argument of the right kind is invalid.
#[derive(Debug)]
pub struct ArgumentError {
    /// The argument.
    pub argument: &'static str,
    /// The invalid characters inside the argument's text, if known.
    pub at: Option<Range<usize>>,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl ArgumentError {
    /// An error about a whole argument.
    #[must_use]
    pub fn new(argument: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { argument, at: None, message: message.into(), help: help.into() }
    }

    /// Marks the invalid characters inside the argument's text.
    #[must_use]
    pub fn at(mut self, range: Range<usize>) -> Self {
        self.at = Some(range);
        self
    }
}

/// An example of a step: it is shown in the documentation and run as a test.
#[derive(Debug)]
pub struct Example {
    /// The argument as YAML, after `op:`; empty for the bare word.
    pub arguments: &'static str,
    /// The input, as JSON.
    pub input: &'static str,
    /// The result.
    pub gives: Gives,
}

/// The result of an example.
#[derive(Debug)]
pub enum Gives {
    /// This value, as JSON.
    Value(&'static str),
    /// No value: the claim is left out.
    Nothing,
    /// A failure: `on_error` decides.
    Failure,
}

/// An example that returns a value.
#[must_use]
pub const fn example(arguments: &'static str, input: &'static str, output: &'static str) -> Example {
    Example { arguments, input, gives: Gives::Value(output) }
}

/// An example that returns no value.
#[must_use]
pub const fn example_nothing(arguments: &'static str, input: &'static str) -> Example {
    Example { arguments, input, gives: Gives::Nothing }
}

/// An example that fails.
#[must_use]
pub const fn example_failure(arguments: &'static str, input: &'static str) -> Example {
    Example { arguments, input, gives: Gives::Failure }
}

/// The code of a step. It is built once and runs for every record.
pub trait Op: Send + Sync + std::fmt::Debug {
    /// Applies the step. The input has one of the spec's input kinds; text that does not change is returned without
    /// copying.
    ///
    /// # Errors
    /// When the spec's `fails` says so. The message names kinds and rules, never the value.
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure>;

    /// Whether it tests its input for equality with texts or numbers, so that `false` for a list decides nothing in `admit`
    /// and `checks`.
    fn compares_scalars<'a>(&'a self, _cx: &Cx<'a>) -> bool {
        false
    }
}

/// Why a step failed on a value: one sentence without the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(Cow<'static, str>);

impl Failure {
    /// A failure with one sentence, lower case, no period, no value.
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }

    /// A failure because the value has the wrong kind.
    #[must_use]
    pub fn kind(expected: Kinds, found: Value<'_>) -> Self {
        Self(Cow::Owned(format!("expected {expected}, found {}", found.kind())))
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0
    }
}
