//! Conditions: `when`, `where`, `that`, `needs`, and the conditions that steps take.

use super::context::Cx;
use super::op::{Failure, Op};
use super::operand::{Operand, Operands, Reference};
use crate::model::Value;

/// A compiled condition.
#[derive(Debug)]
pub enum Condition {
    /// All of them are true.
    All(Vec<Condition>),
    /// At least one of them is true.
    Any(Vec<Condition>),
    /// It is false.
    Not(Box<Condition>),
    /// A tested value.
    Test(Reference, Test),
    /// A condition of `admit` or `checks` that an op tests for elements: the op fails if one of its predicates fails.
    Decided(Box<Condition>),
}

/// A test of a value.
#[derive(Debug)]
pub enum Test {
    /// There is a value.
    Present,
    /// There is no value.
    Missing,
    /// Equal to another value; scalars are equal if their texts are.
    Equals(Operand),
    /// Equal to one of these, or to an element of a list among them.
    OneOf(Operands),
    /// The op returns `true`.
    Op {
        /// The name of the predicate.
        name: &'static str,
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
    /// Whether the condition is true in this run.
    #[must_use]
    pub fn holds<'a>(&'a self, cx: &Cx<'a>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(cx)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(cx)),
            Self::Not(part) => !part.holds(cx),
            Self::Test(reference, test) => test.holds(reference.value(cx), cx),
            Self::Decided(condition) => condition.holds(cx),
        }
    }

    /// Whether the condition is true. A predicate that fails is an error, unless the result does not depend on it.
    ///
    /// # Errors
    /// The first predicate that failed.
    pub fn decided<'a>(&'a self, cx: &Cx<'a>) -> Result<bool, Undecided> {
        match self {
            Self::All(parts) => all(parts.iter().map(|part| part.decided(cx))),
            Self::Any(parts) => any(parts.iter().map(|part| part.decided(cx))),
            Self::Not(part) => part.decided(cx).map(|holds| !holds),
            Self::Test(reference, test) => test.decided(reference.value(cx), cx),
            Self::Decided(condition) => condition.decided(cx),
        }
    }
}

/// A failed predicate that the result depends on.
#[derive(Debug)]
pub struct Undecided {
    /// The name of the predicate.
    pub step: &'static str,
    /// Why it failed.
    pub failure: Failure,
}

/// Whether all are true: a false one decides, even if another one failed before.
fn all(answers: impl Iterator<Item = Result<bool, Undecided>>) -> Result<bool, Undecided> {
    any(answers.map(|answer| answer.map(|holds| !holds))).map(|found| !found)
}

/// Whether one is true: a true one decides, even if another one failed before.
pub(super) fn any<E>(answers: impl Iterator<Item = Result<bool, E>>) -> Result<bool, E> {
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(false), Err)
}

impl Test {
    /// Whether the value passes.
    #[must_use]
    pub fn holds<'a>(&'a self, value: Value<'a>, cx: &Cx<'a>) -> bool {
        match self {
            Self::Present => value.is_present(),
            Self::Missing => !value.is_present(),
            Self::Equals(other) => equals(value, other, cx),
            Self::OneOf(others) => equals_one_of(value, others, cx),
            Self::Op { op, takes_nothing, .. } => {
                (value.is_present() || *takes_nothing) && matches!(op.apply(value, cx), Ok(Value::Bool(true)))
            }
            Self::All(tests) => tests.iter().all(|test| test.holds(value, cx)),
            Self::Not(test) => !test.holds(value, cx),
        }
    }

    fn decided<'a>(&'a self, value: Value<'a>, cx: &Cx<'a>) -> Result<bool, Undecided> {
        match self {
            Self::Op { name, op, takes_nothing } if value.is_present() || *takes_nothing => match op.apply(value, cx) {
                Ok(Value::Bool(true)) => Ok(true),
                Ok(_) => decided_equal(false, name, value, || op.compares_scalars(cx)),
                Err(failure) => Err(Undecided { step: name, failure }),
            },
            Self::All(tests) => all(tests.iter().map(|test| test.decided(value, cx))),
            Self::Not(test) => test.decided(value, cx).map(|holds| !holds),
            Self::Equals(other) => decided_equal(self.holds(value, cx), "equals", value, || is_scalar(other.value(cx))),
            Self::OneOf(others) => decided_equal(self.holds(value, cx), "one_of", value, || others.any(cx, is_scalar)),
            Self::Op { .. } | Self::Present | Self::Missing => Ok(self.holds(value, cx)),
        }
    }
}

/// Whether a value equals others, where a list or an object that is compared with a text or number does not decide: that
/// it is not equal says nothing about what is in it.
fn decided_equal(
    holds: bool,
    step: &'static str,
    value: Value<'_>,
    compares_scalars: impl FnOnce() -> bool,
) -> Result<bool, Undecided> {
    let message = match value {
        Value::List(_) => "the value is a list, which equals no text or number; use `contains` or `any`",
        Value::Object(_) => {
            "the value is an object, which equals no text or number; test one of its members, or use `any`"
        }
        _ => return Ok(holds),
    };
    if holds || !compares_scalars() {
        return Ok(holds);
    }
    Err(Undecided { step, failure: Failure::new(message) })
}

/// Whether a value is present and neither a list nor an object.
#[must_use]
pub fn is_scalar(value: Value<'_>) -> bool {
    value.is_present() && !matches!(value, Value::List(_) | Value::Object(_))
}

/// Whether a value equals the value in a rule. Only a literal `null` means no value: a reference without a value equals
/// nothing; otherwise a missing foreign key would find a row whose key is missing too.
#[inline]
pub fn equals<'a>(value: Value<'a>, other: &'a Operand, cx: &Cx<'a>) -> bool {
    match value.is_present() {
        true => equal(value, other.value(cx)),
        false => matches!(other, Operand::Null),
    }
}

/// Whether a value equals one of several in a rule, as in [`equals`].
#[inline]
pub fn equals_one_of<'a>(value: Value<'a>, others: &'a Operands, cx: &Cx<'a>) -> bool {
    match value.is_present() {
        true => others.any(cx, |other| equal(value, other)),
        false => others.has_null(),
    }
}

/// Whether two values are equal: scalars by their text (`1` equals `"1"`, `true` equals `"true"`), null and missing,
/// lists and objects member by member.
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

/// The text of a scalar; a number is written into the buffer, everything else is borrowed.
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

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::operand::Base;
    use crate::engine::path::Tail;

    const ITEM: Operand = Operand::Reference(Reference { base: Base::Item, tail: Tail::Whole });

    #[test]
    fn a_reference_without_a_value_equals_nothing() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        let lists = [
            (vec![ITEM], false),
            (vec![ITEM, Operand::Text("x".into())], false),
            (vec![Operand::Null], true),
            (vec![ITEM, Operand::Null], true),
            (vec![Operand::List(vec![Operand::Int(1), Operand::Null])], true),
            (vec![Operand::List(vec![ITEM])], false),
        ];
        for nothing in [Value::Missing, Value::Null] {
            let cx = cx.on_element(nothing, 0);
            assert!(!equals(nothing, &ITEM, &cx));
            assert!(equals(nothing, &Operand::Null, &cx));
            for (values, want) in &lists {
                let others = Operands::from(values.clone());
                assert_eq!(equals_one_of(nothing, arena.alloc(others), &cx), *want, "{values:?}");
            }
        }
    }

    #[test]
    fn a_failure_counts_only_if_the_result_depends_on_it() {
        let failed = || Err(Undecided { step: "has_bits", failure: Failure::new("x") });
        assert!(any([failed(), Ok(true)].into_iter()).is_ok_and(|holds| holds));
        assert!(all([failed(), Ok(false)].into_iter()).is_ok_and(|holds| !holds));
        assert!(any([Ok(false), failed()].into_iter()).is_err());
        assert!(all([Ok(true), failed()].into_iter()).is_err());
    }
}
