//! The queue of one receiver: a bounded number of events under way, and a pace of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::backoff;
use super::deliver::Shared;
use super::health::{Health, IN_FLIGHT};
use super::webhooks::{Message, Posted, Receiver};
use crate::migrate::{DeliveryState, Outgoing, PortError};

/// How long taken events are ours. Longer than an event can take, so that no two processes send the same event to the same
/// receiver at the same time; after a crash they wait so long.
const LEASE: Duration = Duration::from_secs(60);

/// What waits for one receiver.
pub(super) struct Queue {
    shared: Arc<Shared>,
    receiver: Arc<Receiver>,
    /// There is something new.
    pub wake: Notify,
}

impl Queue {
    pub(super) fn new(shared: Arc<Shared>, receiver: Arc<Receiver>) -> Self {
        Self { shared, receiver, wake: Notify::new() }
    }

    /// Sends until told to stop; events under way are finished.
    pub(super) async fn run(&self, mut stopped: watch::Receiver<bool>) {
        let (mut flying, mut health) = (JoinSet::new(), Health::default());
        loop {
            let look_again = self.fill(&mut flying, &health).await;
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(posted) = flying.join_next() => health.note(posted.unwrap_or(Posted::Refused)),
                () = self.wake.notified() => {}
                () = sleep(look_again) => {}
            }
        }
        while flying.join_next().await.is_some() {}
    }

    /// Sends what is due, as far as there is room. When it is worth to look again.
    async fn fill(&self, flying: &mut JoinSet<Posted>, health: &Health) -> Duration {
        let (poll, rest) = (self.shared.settings.poll, health.rest());
        if !rest.is_zero() {
            return rest.min(poll);
        }
        // Taking is a write: not for each event that has landed, while there are others.
        if flying.len() > health.window() / 2 {
            return poll;
        }
        match self.take(health.window().saturating_sub(flying.len())).await {
            Ok(taken) => {
                for outgoing in taken {
                    let (shared, receiver) = (Arc::clone(&self.shared), Arc::clone(&self.receiver));
                    flying.spawn(async move { deliver(&shared, &receiver, &outgoing).await });
                }
            }
            Err(error) => tracing::error!(%error, webhook = self.receiver.name, "the outbox cannot be read"),
        }
        poll
    }

    async fn take(&self, limit: usize) -> Result<Vec<Outgoing>, PortError> {
        let Shared { ledger, clock, .. } = &*self.shared;
        ledger.due(&self.receiver.name, clock.now(), LEASE, limit).await
    }

    /// Sends what is due now, once.
    pub(super) async fn drain(&self) -> Result<(), PortError> {
        loop {
            let taken = self.take(IN_FLIGHT).await?;
            if taken.is_empty() {
                return Ok(());
            }
            for outgoing in &taken {
                deliver(&self.shared, &self.receiver, outgoing).await;
            }
        }
    }
}

/// Sends one event and keeps what came of it. What cannot be kept comes again after its lease, under the same id.
async fn deliver(shared: &Shared, receiver: &Receiver, outgoing: &Outgoing) -> Posted {
    let posted = shared.webhooks.post(receiver, &Message::of(outgoing), shared.clock.now()).await;
    let state = match posted {
        Posted::Accepted => DeliveryState::Accepted,
        Posted::Refused if outgoing.attempts >= shared.settings.attempts => {
            given_up(receiver, outgoing);
            DeliveryState::Dead
        }
        Posted::Refused => {
            let wait = backoff::wait(outgoing.attempts);
            shared.clock.now().checked_add(wait).map_or(DeliveryState::Dead, DeliveryState::Again)
        }
    };
    if let Err(error) = shared.ledger.sent(&receiver.name, outgoing.id, state).await {
        tracing::error!(%error, webhook = receiver.name, id = outgoing.id, "what came of an event cannot be kept");
    }
    posted
}

fn given_up(receiver: &Receiver, outgoing: &Outgoing) {
    let (webhook, kind) = (&receiver.name, outgoing.event.kind.name());
    tracing::error!(webhook, id = outgoing.id, kind, "an event is given up");
    metrics::counter!("landfall_events_dead_total", "webhook" => webhook.clone(), "kind" => kind).increment(1);
}
