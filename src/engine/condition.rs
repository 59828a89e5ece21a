//! Conditions: `when`, `where`, `that`, `needs`, and the conditions that steps take.

use super::context::Cx;
use super::op::Op;
use super::operand::{Operand, Operands, Reference};
use crate::model::Value;

/// A condition, ready to be tested for every record.
#[derive(Debug)]
pub enum Condition {
    /// All of them hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A tested value.
    Test(Reference, Test),
}

/// What is asked of a value.
#[derive(Debug)]
pub enum Test {
    /// There is a value.
    Present,
    /// There is no value.
    Missing,
    /// Equal to another value; scalars are equal when their texts are.
    Equals(Operand),
    /// Equal to one of these, or to an element of a list that one of them names.
    OneOf(Operands),
    /// The op gives `true`.
    Op {
        /// The predicate.
        op: Box<dyn Op>,
        /// Whether it also runs on missing and null.
        takes_nothing: bool,
    },
    /// All of these.
    All(Vec<Test>),
    /// None of these.
    Not(Box<Test>),
}

impl Condition {
    /// Whether the condition holds in this run.
    #[must_use]
    pub fn holds<'a>(&'a self, cx: &Cx<'a>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(cx)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(cx)),
            Self::Not(part) => !part.holds(cx),
            Self::Test(reference, test) => test.holds(reference.value(cx), cx),
        }
    }
}

impl Test {
    /// Whether the value passes.
    #[must_use]
    pub fn holds<'a>(&'a self, value: Value<'a>, cx: &Cx<'a>) -> bool {
        match self {
            Self::Present => value.is_present(),
            Self::Missing => !value.is_present(),
            Self::Equals(other) => equal(value, other.value(cx)),
            Self::OneOf(others) => others.any(cx, |other| equal(value, other)),
            Self::Op { op, takes_nothing } => {
                (value.is_present() || *takes_nothing) && matches!(op.apply(value, cx), Ok(Value::Bool(true)))
            }
            Self::All(tests) => tests.iter().all(|test| test.holds(value, cx)),
            Self::Not(test) => !test.holds(value, cx),
        }
    }
}

/// Whether two values are equal in a condition: scalars by their text (`1` equals `"1"`, `true` equals `"true"`), nothing
/// equals nothing, lists and objects member by member.
#[must_use]
pub fn equal(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        (Value::Missing | Value::Null, Value::Missing | Value::Null) => true,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(*a, *b)),
        (Value::Object(a), Value::Object(_)) => {
            a.len() == b.as_object().map_or(0, <[_]>::len) && a.iter().all(|(key, value)| equal(*value, b.member(key)))
        }
        _ => equal_texts(a, b),
    }
}

fn equal_texts(a: Value<'_>, b: Value<'_>) -> bool {
    let (mut left, mut right) = (String::new(), String::new());
    match (text_of(a, &mut left), text_of(b, &mut right)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// The text of a scalar; a number is written into the buffer, all else is borrowed.
fn text_of<'v>(value: Value<'v>, buffer: &'v mut String) -> Option<&'v str> {
    match value {
        Value::Text(text) | Value::Decimal(text) => Some(text),
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        Value::Int(number) => {
            *buffer = number.to_string();
            Some(buffer)
        }
        _ => None,
    }
}
