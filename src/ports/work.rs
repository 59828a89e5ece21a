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

impl Work {
    /// How long the hash on this machine took; `None` if none was computed.
    #[must_use]
    pub fn hash(self) -> Option<Duration> {
        match self {
            Self::Hash(took) => Some(took),
            Self::Remote | Self::Nothing => None,
        }
    }
}
