//! The settings of guards, with a reason for every number.

use std::time::Duration;

/// The guards of one port.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardSettings {
    /// The longest time for a single try, within the deadline of the login. Stops an unresponsive system from using up
    /// a whole login; allows for a directory or an API on another continent.
    pub call: Duration,
    /// The number of concurrent calls. Stops a burst of logins from bringing the legacy system down; 64 slow calls of
    /// half a second are 128 logins per second.
    pub concurrency: usize,
    /// How long a call may wait in the queue, within the deadline. Short: a login that waits here has no time left to
    /// fetch.
    pub queue: Duration,
    /// The shortest wait before the one retry of a read; the actual wait is random, up to twice as long, so that
    /// retries are spread out. Allows for a closed connection, or a restart behind a load balancer.
    pub retry_wait: Duration,
    /// The circuit breaker; `None` for adapters in this process, where overload must not look like an outage.
    pub breaker: Option<BreakerSettings>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            call: Duration::from_millis(800),
            concurrency: 64,
            queue: Duration::from_millis(250),
            retry_wait: Duration::from_millis(20),
            breaker: Some(BreakerSettings::default()),
        }
    }
}

impl GuardSettings {
    /// For adapters in this process or on its disk, such as an SQLite store or the check of a stored hash: no breaker,
    /// and as much time as the login has.
    #[must_use]
    pub fn local() -> Self {
        Self { call: Duration::from_secs(5), concurrency: 256, breaker: None, ..Self::default() }
    }
}

/// When a circuit breaker opens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// How many of the last calls are considered. Small, so that it opens within seconds at a few logins per second.
    pub window: usize,
    /// How many calls must have been seen before it may open. Stops two unlucky calls in the morning from stopping all
    /// calls.
    pub minimum: usize,
    /// The share of failures, from 0 to 1, at which it opens. A legacy system that fails every second call is unusable.
    pub threshold: f64,
    /// How long it stays open before one call may probe. Long enough for a restart, short enough for customers who
    /// retry.
    pub open: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { window: 20, minimum: 10, threshold: 0.5, open: Duration::from_secs(1) }
    }
}
