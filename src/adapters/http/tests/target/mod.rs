//! Targets: products within the test, golden cases, and mistakes in settings.

mod golden;
mod product;

use super::*;

pub(super) use product::target_of;

pub(in crate::adapters) fn http_target_passes() {}
