//! Tests that give a boolean.

pub(super) mod affix;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[&affix::STARTS_WITH, &affix::ENDS_WITH];
