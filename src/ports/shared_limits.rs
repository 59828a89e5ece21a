//! Rate limits that all instances share: how often a remote system may be called by all of them together.

use std::time::Duration;

use jiff::Timestamp;

use super::{BoxFuture, PortError};

/// How many calls a system takes in which time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    /// The name under which all instances count, such as `target/50/1s`.
    pub name: String,
    /// How many calls.
    pub calls: u32,
    /// In which time. They are spread evenly: after a pause a tenth of them may be made at once, but at least one.
    pub per: Duration,
}

impl RateLimit {
    /// The time that one call takes up.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.per / self.calls.max(1)
    }

    /// How many calls may be made at once after a pause: a tenth of the limit, so that a limit that the system counts in
    /// other windows than ours is not exceeded by more.
    #[must_use]
    pub fn burst(&self) -> u32 {
        (self.calls / 10).max(1)
    }
}

/// What became of asking for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// This many calls may be made now, at least one and at most as many as were asked for.
    Calls(u32),
    /// None before this time.
    NotBefore(Timestamp),
}

/// Counts calls to remote systems for all instances that share a ledger. Durability does not matter: a limit that is
/// forgotten is counted anew.
pub trait SharedLimits: Send + Sync {
    /// Takes up to `wanted` calls from a limit. A stamp that is further in the future than the limit's time, written by a
    /// clock that jumped, does not count.
    fn take<'a>(&'a self, limit: &'a RateLimit, wanted: u32, now: Timestamp)
    -> BoxFuture<'a, Result<Taken, PortError>>;

    /// The time before which nobody calls a system, because it asked for a pause; `None` if it did not.
    fn paused<'a>(&'a self, system: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Timestamp>, PortError>>;

    /// Notes that nobody may call a system before a time; an earlier time changes nothing. At most one hour from now.
    fn pause<'a>(&'a self, system: &'a str, until: Timestamp, now: Timestamp) -> BoxFuture<'a, Result<(), PortError>>;
}
