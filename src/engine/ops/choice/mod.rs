//! Choosing and looking up.

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[];
