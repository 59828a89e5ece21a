//! Limits concurrent calls, with a short queue.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::figures::GuardFigures;
use super::layer::{GuardedCall, Layer};
use crate::metrics::table::PORT_CROWDED;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// Admits a number of concurrent calls; others wait, but not for long. A call that gets no permit fails with
/// [`PortErrorKind::RateLimited`] and never reaches the adapter.
#[derive(Debug)]
pub struct Capped {
    room: Semaphore,
    queue: Duration,
    figures: GuardFigures,
}

impl Capped {
    /// Admits `concurrency` calls; others wait at most for `queue`.
    #[must_use]
    pub fn new(concurrency: usize, queue: Duration, figures: GuardFigures) -> Self {
        Self { room: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)), queue, figures }
    }
}

impl Layer for Capped {
    async fn around<'a, T, M>(&'a self, call: GuardedCall<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        // The semaphore is never closed, so the only failure is the timeout.
        let Ok(Ok(_room)) = timeout_at(call.until(self.queue), self.room.acquire()).await else {
            self.figures.was_crowded();
            PORT_CROWDED.add([call.adapter.to_owned().into()], 1);
            return Err(PortError::new(PortErrorKind::RateLimited, call.adapter, call.operation)
                .because("too many concurrent calls"));
        };
        make().await
    }
}
