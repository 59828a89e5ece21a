//! Limits of calls to the legacy system and the target.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::guard;
use crate::settings::units;

/// Limits of calls. The defaults are those of [`guard::GuardSettings`].
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// The longest a single attempt may take, within the deadline of the login. Prevents an unresponsive system from
    /// using up a whole login; admits a system on another continent.
    #[serde(with = "units::Time")]
    pub call: Duration,
    /// Calls to the legacy system at the same time. Prevents a burst of logins from bringing it down; 64 calls of half
    /// a second are 128 logins a second.
    pub concurrency: u32,
    /// How long a call may wait for its turn. A login that waits longer has no time left to fetch.
    #[serde(with = "units::Time")]
    pub queue: Duration,
    /// The shortest wait before the one retry of a read, randomly up to twice that, so that retries do not arrive
    /// together.
    #[serde(with = "units::Time")]
    pub retry_wait: Duration,
    /// When calls to a failing system are suspended.
    pub breaker: Breaker,
}

impl Default for GuardSettings {
    fn default() -> Self {
        let guard = guard::GuardSettings::default();
        let concurrency = u32::try_from(guard.concurrency).unwrap_or(u32::MAX);
        let guard::GuardSettings { call, queue, retry_wait, .. } = guard;
        Self { call, concurrency, queue, retry_wait, breaker: Breaker::default() }
    }
}

/// When calls to a failing system are suspended, so that it can recover and logins are answered at once.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// How many of the latest calls the circuit breaker considers. Small, so that it opens within seconds at a few
    /// logins a second.
    pub window: u32,
    /// How many calls it must have seen before it may open. Prevents two failed calls in a quiet hour from opening it.
    pub minimum: u32,
    /// The percentage of failed calls at which it opens: the system is left alone to recover, and logins are answered
    /// at once.
    pub failures: u8,
    /// How long it stays open before one call may try. Short, so that customers sign in again soon after the system is back.
    #[serde(with = "units::Time")]
    pub open: Duration,
}

/// The defaults of [`guard::BreakerSettings`].
impl Default for Breaker {
    fn default() -> Self {
        let guard::BreakerSettings { window, minimum, open, .. } = guard::BreakerSettings::default();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { window: number(window), minimum: number(minimum), failures: 50, open }
    }
}

impl From<GuardSettings> for guard::GuardSettings {
    fn from(written: GuardSettings) -> Self {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let Breaker { window, minimum, failures, open } = written.breaker;
        let (window, minimum, threshold) = (number(window), number(minimum), f64::from(failures) / 100.0);
        let breaker = Some(guard::BreakerSettings { window, minimum, threshold, open });
        let GuardSettings { call, concurrency, queue, retry_wait, .. } = written;
        Self { call, concurrency: number(concurrency), queue, retry_wait, breaker }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_match_those_of_the_guards() {
        assert_eq!(guard::GuardSettings::from(GuardSettings::default()), guard::GuardSettings::default());
    }
}
