//! So many calls at a time, and a short line before them.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::figures::GuardFigures;
use super::layer::{Call, Layer};
use crate::migrate::{BoxFuture, PortError, PortErrorKind};

/// Lets so many calls through at the same time; others wait, but not for long. Who finds no room gets
/// [`PortErrorKind::RateLimited`], and the adapter never hears of it.
#[derive(Debug)]
pub struct Capped {
    room: Semaphore,
    queue: Duration,
    figures: GuardFigures,
}

impl Capped {
    /// Room for so many calls, and so long a wait for it.
    #[must_use]
    pub fn new(concurrency: usize, queue: Duration, figures: GuardFigures) -> Self {
        Self { room: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)), queue, figures }
    }
}

impl Layer for Capped {
    async fn around<'a, T, M>(&'a self, call: Call<'a>, make: M) -> Result<T, PortError>
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a,
    {
        // The semaphore is never closed, so the only failure is the time.
        let Ok(Ok(_room)) = timeout_at(call.until(self.queue), self.room.acquire()).await else {
            self.figures.was_crowded();
            metrics::counter!("landfall_port_crowded_total", "adapter" => call.adapter.to_owned()).increment(1);
            return Err(PortError::new(PortErrorKind::RateLimited, call.adapter, call.operation)
                .because("too many calls at the same time"));
        };
        make().await
    }
}
