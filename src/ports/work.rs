//! What was done to verify a password, so that every refusal can cost the same.

use std::time::Duration;

/// What was done to verify a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A hash was computed on this machine. It took this long, without the time it waited in the queue.
    Hash(Duration),
    /// Another system was asked.
    Remote,
    /// Nothing: there was nothing to verify the password against.
    Nothing,
}
