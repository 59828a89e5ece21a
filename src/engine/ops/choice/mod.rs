//! Choices and lookups.

mod default;
mod lookup;
mod phc;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] =
    &[&default::DEFAULT, &default::COALESCE, &default::CONSTANT, &default::NOTHING_IF, &lookup::LOOKUP, &phc::PHC];
