//! Checks of arguments that ops share: required, present in this run, text.

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentError, Failure};
use crate::engine::operand::Operand;
use crate::model::{Kinds, Value};

/// A required argument. It is always present, because arguments are checked before an op is built.
///
/// # Errors
/// When it is missing.
pub(super) fn need<T>(given: Option<T>, name: &'static str) -> Result<T, ArgumentError> {
    given.ok_or_else(|| ArgumentError::new(name, "is missing", format!("give `{name}`")))
}

/// Exactly one of two arguments.
#[derive(Debug)]
pub(super) enum Either<A, B> {
    /// The first was given.
    First(A),
    /// The second was given.
    Second(B),
}

/// Returns whichever of two arguments was given.
///
/// # Errors
/// When both or neither were given.
pub(super) fn one_of<A, B>(
    first: (&'static str, Option<A>),
    second: (&'static str, Option<B>),
) -> Result<Either<A, B>, ArgumentError> {
    let help = format!("give either `{}` or `{}`", first.0, second.0);
    match (first.1, second.1) {
        (Some(given), None) => Ok(Either::First(given)),
        (None, Some(given)) => Ok(Either::Second(given)),
        (Some(_), Some(_)) => Err(ArgumentError::new(second.0, format!("cannot be combined with `{}`", first.0), help)),
        (None, None) => Err(ArgumentError::new(first.0, "is missing", help)),
    }
}

/// The value of an argument that is a scalar constant.
pub(super) fn constant(operand: &Operand) -> Option<Value<'_>> {
    Some(match operand {
        Operand::Null => Value::Null,
        Operand::Bool(value) => Value::Bool(*value),
        Operand::Int(value) => Value::Int(*value),
        Operand::Decimal(text) => Value::Decimal(text),
        Operand::Text(text) => Value::Text(text),
        _ => return None,
    })
}

/// The value of an argument in this run.
///
/// # Errors
/// When it has no value.
pub(super) fn present<'a>(operand: &'a Operand, name: &str, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let value = operand.value(cx);
    if value.is_present() { Ok(value) } else { Err(Failure::new(format!("the argument `{name}` has no value"))) }
}

/// The text of an argument in this run: text unchanged, numbers as written, booleans as `true` and `false`.
///
/// # Errors
/// When it has no value, or is bytes, a list or an object.
pub(super) fn text<'a>(operand: &'a Operand, name: &str, cx: &Cx<'a>) -> Result<&'a str, Failure> {
    let value = present(operand, name, cx)?;
    value.scalar_text(cx.arena).ok_or_else(|| wrong_kind(name, Kinds::SCALAR, value))
}

/// The failure of an argument of an unsupported kind.
pub(super) fn wrong_kind(name: &str, expected: Kinds, found: Value<'_>) -> Failure {
    Failure::new(format!("the argument `{name}` must be {expected}, found {}", found.kind()))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn an_operand_needs_a_value_and_a_text() {
        let operands = [Operand::Int(7), Operand::Null, Operand::List(Vec::new())];
        let arena = Bump::new();
        let texts = operands
            .each_ref()
            .map(|operand| text(operand, "with", &Cx::bare(&arena)).map_err(|failure| failure.message().to_owned()));
        assert_eq!(texts[0], Ok("7"));
        assert_eq!(texts[1], Err("the argument `with` has no value".to_owned()));
        assert_eq!(texts[2], Err("the argument `with` must be boolean or number or text, found list".to_owned()));
    }

    #[test]
    fn exactly_one_of_two_is_given() {
        assert!(matches!(one_of(("a", Some(1)), ("b", None::<u8>)), Ok(Either::First(1))));
        assert!(matches!(one_of(("a", None::<u8>), ("b", Some(2))), Ok(Either::Second(2))));
        assert_eq!(one_of(("a", Some(1)), ("b", Some(2))).unwrap_err().argument, "b");
        assert_eq!(one_of(("a", None::<u8>), ("b", None::<u8>)).unwrap_err().argument, "a");
    }
}
