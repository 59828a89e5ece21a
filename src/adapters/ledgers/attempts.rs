//! The windows in which failures count.

use jiff::Timestamp;

use super::time::micros;
use crate::ports::{Attempt, Counter};

/// How many expired rows each failure removes. More than it can add.
pub(in crate::adapters) const SWEEP: u32 = 8;

/// The bucket of a failure and when it expires.
pub(in crate::adapters) fn bucket(counter: &Counter, at: Timestamp) -> (i64, i64) {
    let width = counter.window / Counter::BUCKETS;
    let micros_wide = i64::try_from(width.as_micros()).unwrap_or(i64::MAX).max(1);
    let at = micros(at);
    let bucket = at.saturating_sub(at.rem_euclid(micros_wide));
    let window = i64::try_from(counter.window.as_micros()).unwrap_or(i64::MAX);
    (bucket, bucket.saturating_add(micros_wide).saturating_add(window))
}

/// [`Attempt::KNOWN_FOR`] in microseconds.
pub(in crate::adapters) fn known_for() -> i64 {
    i64::try_from(Attempt::KNOWN_FOR.as_micros()).unwrap_or(i64::MAX)
}
