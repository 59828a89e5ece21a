//! Tests that return a boolean.

pub(super) mod affix;
mod bits;
mod contains;
mod equality;
mod kind;
mod order;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &equality::EQUALS,
    &equality::EQUALS_IGNORING_CASE,
    &equality::ONE_OF,
    &contains::CONTAINS,
    &contains::CONTAINS_IGNORING_CASE,
    &affix::STARTS_WITH,
    &affix::ENDS_WITH,
    &contains::MATCHES,
    &kind::IS_PRESENT,
    &kind::IS_MISSING,
    &kind::IS_BLANK,
    &kind::IS_TEXT,
    &kind::IS_NUMBER,
    &kind::IS_INTEGER,
    &kind::IS_BOOLEAN,
    &kind::IS_LIST,
    &kind::IS_OBJECT,
    &order::LESS_THAN,
    &order::AT_MOST,
    &order::MORE_THAN,
    &order::AT_LEAST,
    &bits::HAS_BITS,
    &contains::HAS_KEY,
];

/// Whether two texts are equal in lower case.
fn folded_equal(a: &str, b: &str) -> bool {
    a == b || a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}
