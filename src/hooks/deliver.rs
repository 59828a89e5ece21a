//! The worker that takes events from the outbox and sends them, beside the logins.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_immediate;
use jiff::Timestamp;
use tokio::time::sleep;

use super::backoff;
use super::webhooks::{Delivered, Webhooks};
use crate::migrate::{Clock, Ledger, Outgoing, PortError};

/// How events are delivered.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// How long the outbox is left alone when nothing was due.
    pub poll: Duration,
    /// How often an event is tried before it is marked dead. With waits of up to an hour, 20 attempts take about ten hours: a
    /// receiver may be down for a night.
    pub attempts: u32,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), attempts: 20 }
    }
}

/// How many events are taken at once.
const BATCH: usize = 16;

/// How long taken events are ours. Longer than a batch can take, so that two processes do not send the same event.
const LEASE: Duration = Duration::from_secs(120);

/// When a dead event is due: 2200-01-01. It stays in the outbox, where an operator finds it.
pub const DEAD: Timestamp = Timestamp::constant(7_258_118_400, 0);

/// Delivers events, oldest first.
///
/// An event goes to every webhook that wants its kind. While one of them has not accepted it, it is sent again to all of them,
/// under the same `webhook-id`, by which receivers tell doubles. An event that nobody wants is done at once.
pub struct Delivery {
    webhooks: Webhooks,
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    settings: DeliverySettings,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("webhooks", &self.webhooks).finish_non_exhaustive()
    }
}

/// Whether there may be more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    More,
    Nothing,
    Stopped,
}

impl Delivery {
    /// A worker for this outbox.
    #[must_use]
    pub fn new(webhooks: Webhooks, ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>, settings: DeliverySettings) -> Self {
        Self { webhooks, ledger, clock, settings }
    }

    /// Delivers until `stop` is ready. The event at hand is finished first; others that were taken come again after their
    /// lease.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let pause = match self.round(stop.as_mut()).await {
                Ok(Round::Stopped) => return,
                Ok(Round::More) => Duration::ZERO,
                Ok(Round::Nothing) => self.settings.poll,
                Err(error) => {
                    tracing::error!(%error, "the outbox cannot be read");
                    self.settings.poll
                }
            };
            tokio::select! {
                biased;
                () = stop.as_mut() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Delivers what is due now, once.
    ///
    /// # Errors
    /// When the ledger cannot be read or written; what was sent and not noted is sent again.
    pub async fn deliver_due(&self) -> Result<(), PortError> {
        let mut never = std::pin::pin!(std::future::pending::<()>());
        while self.round(never.as_mut()).await? == Round::More {}
        Ok(())
    }

    async fn round(&self, mut stop: Pin<&mut (impl Future<Output = ()> + Send)>) -> Result<Round, PortError> {
        let due = self.ledger.due(self.clock.now(), LEASE, BATCH).await?;
        let full = due.len() == BATCH;
        for outgoing in due {
            if poll_immediate(stop.as_mut()).await.is_some() {
                return Ok(Round::Stopped);
            }
            self.deliver(&outgoing).await?;
        }
        Ok(if full { Round::More } else { Round::Nothing })
    }

    async fn deliver(&self, outgoing: &Outgoing) -> Result<(), PortError> {
        let again_at = match self.webhooks.send(outgoing, self.clock.now()).await {
            Delivered::ToAll => None,
            Delivered::NotToAll if outgoing.attempts >= self.settings.attempts => {
                tracing::error!(id = outgoing.id, kind = outgoing.event.kind.name(), "an event is given up");
                metrics::counter!("landfall_events_dead_total", "kind" => outgoing.event.kind.name()).increment(1);
                Some(DEAD)
            }
            Delivered::NotToAll => {
                let wait = backoff::wait(outgoing.attempts);
                Some(self.clock.now().checked_add(wait).unwrap_or(DEAD))
            }
        };
        self.ledger.sent(outgoing.id, again_at).await
    }
}

#[cfg(test)]
mod tests;
