//! The results of `landfall test`: as text, as JSON, and as JUnit XML.

#[cfg(feature = "cli")]
mod diff;
#[cfg(feature = "cli")]
mod human;
mod json;
#[cfg(feature = "cli")]
mod junit;

#[cfg(feature = "cli")]
pub use human::{coverage as human_coverage, human};
pub use json::json;
#[cfg(feature = "cli")]
pub use junit::junit;

use super::run::Tested;

/// How many cases passed and failed.
#[must_use]
pub fn count(tested: &[Tested]) -> (usize, usize) {
    let passed = tested.iter().filter(|tested| tested.passed()).count();
    (passed, tested.len() - passed)
}
