//! Readiness: the ledger and the target can be written and belong together, and the service is not stopping. Rules that
//! break on reload do not count: the previous rules stay active.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::operations::Operations;

/// How long a result is cached. Stops a flood of health requests, which need no credentials, from reaching the ledger
/// and the target; load balancers ask every few seconds.
const CACHE_TIME: Duration = Duration::from_secs(1);

/// How long the check may take. Shorter than the timeout of load balancers.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the service can serve requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// The service can serve requests.
    Yes,
    /// The ledger or the target does not respond.
    PortsUnavailable,
    /// The service is stopping.
    Stopping,
}

/// Checks whether the service can serve requests.
pub(super) struct Readiness {
    operations: Arc<dyn Operations>,
    stopping: AtomicBool,
    last: Mutex<Option<(Instant, Ready)>>,
}

impl Readiness {
    pub(super) fn new(operations: Arc<dyn Operations>) -> Self {
        Self { operations, stopping: AtomicBool::new(false), last: Mutex::new(None) }
    }

    /// From now on the service is not ready.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Checks, unless the last result is fresh.
    pub(super) async fn now(&self) -> Ready {
        if self.stopping.load(Ordering::Acquire) {
            return Ready::Stopping;
        }
        let mut last = self.last.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < CACHE_TIME
        {
            return ready;
        }
        let ready = match timeout(TIMEOUT, self.operations.ready()).await {
            Ok(Ok(())) => Ready::Yes,
            _ => Ready::PortsUnavailable,
        };
        *last = Some((Instant::now(), ready));
        ready
    }
}
