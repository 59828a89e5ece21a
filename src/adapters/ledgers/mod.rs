//! What all ledgers share, wherever they store it: times as numbers, the windows of counters, and the limits of the
//! outbox and of the memory of signed calls.

mod attempts;
pub(in crate::adapters) mod limits;
mod nonces;
mod outbox;
mod time;

pub(in crate::adapters) use attempts::{SWEEP, bucket, known_for};
pub(in crate::adapters) use nonces::{MAX_CALLS, NONCE_SWEEP, remembered};
pub(in crate::adapters) use outbox::{DEAD, LONGEST_WAIT};
pub(in crate::adapters) use time::{later, latest, micros};
