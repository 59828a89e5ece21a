//! Tests that give a boolean.

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[];
