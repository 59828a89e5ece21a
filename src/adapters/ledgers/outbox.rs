//! The due times of deliveries.

use std::time::Duration;

/// The due time of a dead delivery: never.
pub(in crate::adapters) const DEAD: i64 = i64::MAX;

/// No wait is longer than this. A later due time was written by a clock that has been set back since, and the delivery
/// is due now.
pub(in crate::adapters) const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);
