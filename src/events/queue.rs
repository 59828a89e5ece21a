//! The queue of one receiver, with a bounded number of events in flight and its own pace.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::backoff;
use super::deliver::Shared;
use super::health::Health;
use super::receiver::{Delivered, Receiver};
use crate::ports::{DeliveryState, Outgoing, PortError};

/// How long this process owns the events it takes. Longer than sending an event can take, so that no two processes send
/// the same event to the same receiver at the same time; after a crash, events wait this long.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// The queue of one receiver.
pub(super) struct Queue {
    shared: Arc<Shared>,
    receiver: Arc<dyn Receiver>,
    /// Notified when there are new events.
    pub wake: Notify,
}

impl Queue {
    pub(super) fn new(shared: Arc<Shared>, receiver: Arc<dyn Receiver>) -> Self {
        Self { shared, receiver, wake: Notify::new() }
    }

    /// Sends events until told to stop; events in flight are finished.
    pub(super) async fn run(&self, mut stopped: watch::Receiver<bool>) {
        let (mut in_flight, mut health) = (JoinSet::new(), Health::new(self.receiver.in_flight()));
        loop {
            let next_check = self.fill(&mut in_flight, &health).await;
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(was_answered) = in_flight.join_next() => health.record(was_answered.unwrap_or(false)),
                () = self.wake.notified() => {}
                () = sleep(next_check) => {}
            }
        }
        while in_flight.join_next().await.is_some() {}
    }

    /// Sends due events as far as the window allows. Returns when to check again.
    async fn fill(&self, in_flight: &mut JoinSet<bool>, health: &Health) -> Duration {
        let (poll, pause) = (self.shared.settings.poll, health.remaining_pause());
        if !pause.is_zero() {
            return pause.min(poll);
        }
        // Taking events is a write, so it is not done for every event that was sent while others are still in flight.
        if in_flight.len() > health.window() / 2 {
            return poll;
        }
        match self.take(health.window().saturating_sub(in_flight.len())).await {
            Ok(taken) => {
                for outgoing in taken {
                    let (shared, receiver) = (Arc::clone(&self.shared), Arc::clone(&self.receiver));
                    in_flight.spawn(async move { deliver(&shared, &*receiver, &outgoing).await });
                }
            }
            Err(error) => tracing::error!(%error, receiver = self.name(), "cannot read the outbox"),
        }
        poll
    }

    fn name(&self) -> &str {
        &self.receiver.subscription().receiver
    }

    async fn take(&self, limit: usize) -> Result<Vec<Outgoing>, PortError> {
        let Shared { outbox, clock, .. } = &*self.shared;
        outbox.due(self.receiver.subscription(), clock.now(), LEASE, limit).await
    }

    /// Sends what is due now, once.
    pub(super) async fn drain(&self) -> Result<(), PortError> {
        loop {
            let taken = self.take(self.receiver.in_flight()).await?;
            if taken.is_empty() {
                return Ok(());
            }
            for outgoing in &taken {
                deliver(&self.shared, &*self.receiver, outgoing).await;
            }
        }
    }
}

/// Sends one event, and records the result; returns whether the receiver answered. If the result cannot be recorded, the
/// event is sent again after its lease, with the same id.
async fn deliver(shared: &Shared, receiver: &dyn Receiver, outgoing: &Outgoing) -> bool {
    let delivered = receiver.deliver(outgoing, &*shared.clock).await;
    let retry_at = match &delivered {
        Delivered::Failed(_) if outgoing.attempts < receiver.attempts() => {
            shared.clock.now().checked_add(backoff::wait(outgoing.attempts)).ok()
        }
        _ => None,
    };
    let state = match (&delivered, retry_at) {
        (Delivered::Accepted, _) => DeliveryState::Accepted,
        (Delivered::Rehearsed, _) => DeliveryState::Rehearsed,
        (Delivered::Failed(why), Some(at)) => DeliveryState::Again { at, why },
        (Delivered::Failed(why) | Delivered::Refused(why), _) => {
            receiver.gave_up(outgoing, why);
            DeliveryState::Dead { why }
        }
    };
    let name = &receiver.subscription().receiver;
    if let Err(error) = shared.outbox.sent(name, outgoing.id, state).await {
        tracing::error!(%error, receiver = name, id = outgoing.id, "cannot record the delivery of an event");
    }
    delivered.was_answered()
}
