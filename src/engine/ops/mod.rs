//! The step table: one row per op, one file per op or small family of ops.

mod arguments;
mod choice;
mod collection;
mod decode;
#[cfg(test)]
mod examples;
pub mod foreign;
mod identity;
mod number;
mod predicate;
mod text;
pub mod time;

#[cfg(feature = "login")]
pub(crate) use identity::{UsernameError, one_phone, one_username};

pub use time::foreign as time_format;

use super::op::OpSpec;
use crate::model::Value;

/// All ops, grouped by family.
pub fn all() -> impl Iterator<Item = &'static OpSpec> {
    [text::OPS, number::OPS, time::OPS, collection::OPS, decode::OPS, identity::OPS, predicate::OPS, choice::OPS]
        .into_iter()
        .flatten()
        .copied()
}

/// The whole number that a value is or reads like, if it fits in 64 bits.
#[must_use]
pub(super) fn exact_number(value: Value<'_>) -> Option<i64> {
    number::exact::number(value).ok()?.to_int()
}

/// The ops that scripts may call: those of text, numbers and times.
pub fn of_scripts() -> impl Iterator<Item = &'static OpSpec> {
    [text::OPS, number::OPS, time::OPS].into_iter().flatten().copied()
}

/// The op with a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static OpSpec> {
    all().find(|spec| spec.name == name)
}
