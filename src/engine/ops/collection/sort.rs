//! `sort`: sorts a list.

use std::cmp::Ordering;

use bumpalo::collections::Vec as ArenaVec;

use super::support::elements;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::engine::path::Tail;
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const SORT: OpSpec = OpSpec {
    name: "sort",
    family: Family::Collection,
    summary: "sorts the elements of a list",
    details: "Numbers are sorted by their exact value, text by code point (so ISO dates are sorted by time). If kinds \
              are mixed, booleans come first, then numbers, text, bytes, lists and objects; elements without the key \
              always come last. The sort is stable, so two sorts in a row sort by two keys.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::LIST),
    arguments: &[
        ArgumentSpec::main_optional("by", ArgumentKind::Path, "the path of the value to compare in each element"),
        ArgumentSpec::optional("descending", ArgumentKind::Boolean, "whether to put the greatest first"),
    ],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", "[10, 9, 2.5]", "[2.5, 9, 10]"),
        example("", r#"["b", "a", "B"]"#, r#"["B", "a", "b"]"#),
        example("{ by: at, descending: true }", r#"[{"at": 1}, {}, {"at": 3}]"#, r#"[{"at": 3}, {"at": 1}, {}]"#),
    ],
    build: |arguments| {
        let descending = arguments.boolean("descending").unwrap_or(false);
        Ok(Box::new(Sort { by: arguments.path("by").unwrap_or_default(), descending }))
    },
};

#[derive(Debug)]
struct Sort {
    by: Tail,
    descending: bool,
}

impl Op for Sort {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let items = elements(input)?;
        let mut keyed = ArenaVec::with_capacity_in(items.len(), cx.arena);
        keyed.extend(items.iter().map(|item| (Key::of(self.by.find(*item, cx), cx), *item)));
        keyed.sort_by(|(a, _), (b, _)| match (a, b) {
            (Key::Nothing, _) | (_, Key::Nothing) => a.cmp(b),
            _ if self.descending => b.cmp(a),
            _ => a.cmp(b),
        });
        let mut sorted = ArenaVec::with_capacity_in(items.len(), cx.arena);
        sorted.extend(keyed.iter().map(|(_, item)| *item));
        Ok(Value::List(sorted.into_bump_slice()))
    }
}

/// The sort key of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Boolean(bool),
    Number(Number<'a>),
    Text(&'a str),
    Bytes(&'a [u8]),
    List,
    Object,
    Nothing,
}

impl<'a> Key<'a> {
    fn of(value: Value<'a>, cx: &Cx<'a>) -> Self {
        match value {
            Value::Missing | Value::Null => Self::Nothing,
            Value::Bool(value) => Self::Boolean(value),
            Value::Int(_) | Value::Decimal(_) => {
                Self::Number(Number::of(value.scalar_text(cx.arena).unwrap_or_default(), cx))
            }
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::List(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }
}

/// A number of any size in a form with an exact, total order: `0.d₁d₂… × 10^exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number<'a> {
    negative: bool,
    exponent: i64,
    /// Without leading and trailing zeros; empty for zero.
    digits: &'a str,
}

impl<'a> Number<'a> {
    fn of(text: &str, cx: &Cx<'a>) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole_digits = whole.bytes().filter(u8::is_ascii_digit).count();
        let mut digits = bumpalo::collections::String::new_in(cx.arena);
        digits.extend(whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit));
        let digits = digits.into_bump_str();
        let trimmed = digits.trim_start_matches('0');
        let leading = digits.len() - trimmed.len();
        let trimmed = trimmed.trim_end_matches('0');
        if trimmed.is_empty() {
            return Self { negative: false, exponent: 0, digits: "" };
        }
        let limit = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
        let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let exponent = exponent.parse::<i64>().unwrap_or(limit);
        let exponent = exponent.saturating_add(length(whole_digits)).saturating_sub(length(leading));
        Self { negative: whole.starts_with('-'), exponent, digits: trimmed }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        // zero has no digits and is below everything else, regardless of exponents
        (!self.digits.is_empty(), self.exponent, self.digits).cmp(&(
            !other.digits.is_empty(),
            other.exponent,
            other.digits,
        ))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_compare_by_exact_value() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        let ascending = [
            "-1e400",
            "-9007199254740993",
            "-9007199254740992",
            "-1.5",
            "-1",
            "-0.01",
            "0",
            "1e-400",
            "0.01",
            "0.9",
            "1",
            "1.25",
            "9",
            "10",
            "9007199254740992",
            "9007199254740993",
            "123456789012345678901234567890",
            "1e400",
            "1e99999999999999999999",
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(Number::of(a, &cx).cmp(&Number::of(b, &cx)), at.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("1", "1.0"), ("10", "1e1"), ("0.1", "1E-1"), ("-0", "0.00"), ("100", "0.1e3")] {
            assert_eq!(Number::of(a, &cx), Number::of(b, &cx), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn numbers_agree_with_floats(a in -1e6..1e6_f64, b in -1e6..1e6_f64) {
            let arena = Bump::new();
            let cx = Cx::bare(&arena);
            let (left, right) = (a.to_string(), b.to_string());
            prop_assert_eq!(Some(Number::of(&left, &cx).cmp(&Number::of(&right, &cx))), a.partial_cmp(&b));
        }
    }
}
