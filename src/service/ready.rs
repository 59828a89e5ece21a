//! Whether the service can serve: the ledger and the target can be written and belong together, and it is not stopping. Rules that are broken on reload
//! do not count: the old ones are in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::operations::Operations;

/// How long an answer of the ledger and the target is good for. Stops a flood of questions, which need no credentials, from
/// reaching them; load balancers ask every few seconds.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long they may take. Shorter than the patience of load balancers.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the service can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// It can.
    Yes,
    /// The ledger or the target gives no answer.
    PortsSilent,
    /// It is about to end.
    Stopping,
}

/// Knows whether the service can serve.
pub(super) struct Readiness {
    operations: Arc<dyn Operations>,
    stopping: AtomicBool,
    last: Mutex<Option<(Instant, Ready)>>,
}

impl Readiness {
    pub(super) fn new(operations: Arc<dyn Operations>) -> Self {
        Self { operations, stopping: AtomicBool::new(false), last: Mutex::new(None) }
    }

    /// From now on, no.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Asks, unless the last answer is fresh.
    pub(super) async fn now(&self) -> Ready {
        if self.stopping.load(Ordering::Acquire) {
            return Ready::Stopping;
        }
        let mut last = self.last.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return ready;
        }
        let ready = match timeout(PATIENCE, self.operations.ready()).await {
            Ok(Ok(())) => Ready::Yes,
            _ => Ready::PortsSilent,
        };
        *last = Some((Instant::now(), ready));
        ready
    }
}
