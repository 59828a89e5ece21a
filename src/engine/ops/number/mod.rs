//! Numbers and booleans.

mod arithmetic;
pub(super) mod bits;
mod boolean;
mod bounds;
pub(super) mod constant;
mod convert;
pub(super) mod exact;
mod format_number;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &convert::TO_INTEGER,
    &convert::TO_NUMBER,
    &convert::TO_TEXT,
    &boolean::TO_BOOLEAN,
    &boolean::INVERT,
    &convert::ROUND,
    &format_number::ROW,
    &arithmetic::ADD,
    &arithmetic::SUBTRACT,
    &arithmetic::MULTIPLY,
    &arithmetic::DIVIDE,
    &convert::ABS,
    &bounds::CLAMP,
    &bits::BITS,
    &bounds::SUM,
    &bounds::MIN,
    &bounds::MAX,
];
