//! Numbers that stand as constants in the rules: they are checked when the rules are loaded.

use super::exact::{Exact, number};
use crate::engine::op::ArgumentError;
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::constant;

/// An argument that is a number; a constant must be one.
///
/// # Errors
/// When it is a constant of another kind.
pub(in crate::engine::ops) fn numeric(operand: Operand, name: &'static str) -> Result<Operand, ArgumentError> {
    match constant(&operand).map(number) {
        Some(Err(_)) => Err(no_number(&operand, name)),
        Some(Ok(_)) | None => Ok(operand),
    }
}

/// A number to divide by.
///
/// # Errors
/// When it is a constant that is no number or 0.
pub(super) fn divisor(operand: Operand, name: &'static str) -> Result<Operand, ArgumentError> {
    let operand = numeric(operand, name)?;
    let is_zero = constant(&operand).and_then(|value| number(value).ok()).is_some_and(|number| is_zero(&number));
    if is_zero {
        return Err(ArgumentError::new(name, "is 0, and nothing can be divided by it", "divide by another number"));
    }
    Ok(operand)
}

fn is_zero(number: &Exact) -> bool {
    number.to_scaled().is_some_and(|(digits, _)| digits == 0)
}

fn no_number(operand: &Operand, name: &'static str) -> ArgumentError {
    let Operand::Text(text) = operand else {
        return ArgumentError::new(name, "is not a number", "write a number, such as `18`, or a reference");
    };
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_' | '\'' | ' ')).collect();
    let leading: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let is_date = crate::engine::ops::time::iso::read(text).is_ok();
    let help = if is_date {
        "to compare dates and times, use `is_before` and `is_after`".to_owned()
    } else if number_of(&digits) {
        format!("write `{digits}`")
    } else if number_of(&leading) {
        format!("write `{leading}`")
    } else {
        "write a number, such as `18`, or a reference, such as `$.field`".to_owned()
    };
    ArgumentError::new(name, format!("`{text}` is not a number"), help)
}

fn number_of(text: &str) -> bool {
    number(crate::model::Value::Text(text)).is_ok()
}
