//! What the pools of connections have in common: when a connection is too old, and how long to wait for one.

use std::time::Duration;

use deadpool::Status;
use deadpool::managed::Metrics;
use tokio::time::Instant;

/// How old a connection may become. A changed password, certificate or address is noticed within this time.
const MAX_AGE: Duration = Duration::from_secs(30 * 60);

/// How long a connection may be unused: shorter than the memory of usual firewalls.
const MAX_IDLE: Duration = Duration::from_secs(4 * 60);

/// How long before the deadline waiting for a connection ends.
const FOR_THE_ANSWER: Duration = Duration::from_millis(10);

/// Whether a connection must be replaced although it may work.
pub(super) fn is_too_old(metrics: &Metrics) -> bool {
    metrics.age() > MAX_AGE || metrics.last_used() > MAX_IDLE
}

/// When waiting for a connection ends. The caller's own time limit would hide what was waited for.
pub(super) fn end_of_wait(deadline: Instant) -> Instant {
    deadline.checked_sub(FOR_THE_ANSWER).unwrap_or(deadline)
}

/// Whether a wait ended because all connections are in use, and not because the server does not answer.
pub(super) fn is_full(status: Status) -> bool {
    status.available == 0 && status.size >= status.max_size
}
