//! The worker that takes events from the outbox and sends them in the background.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, poll_immediate, try_join_all};
use tokio::sync::watch;
use tokio::time::sleep;

use super::queue::Queue;
use super::receiver::Receiver;
use super::webhooks::Webhooks;
use super::write_back::WriteBack;
use crate::metrics::table::EVENTS_DROPPED;
use crate::ports::{Clock, Outbox, PortError, Subscription};

/// Delivery settings.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// How long to wait before the outbox is read again when nothing was due.
    pub poll: Duration,
    /// How often an event is sent to one receiver before it is marked dead. With waits of up to an hour, 20 attempts
    /// take about ten hours: a receiver can be down for a night.
    pub attempts: u32,
}

impl Default for DeliverySettings {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), attempts: 20 }
    }
}

/// How many new events are routed at a time.
const PAGE: usize = 256;

/// What all queues share.
pub(super) struct Shared {
    pub outbox: Arc<dyn Outbox>,
    pub clock: Arc<dyn Clock>,
    pub settings: DeliverySettings,
}

/// Delivers events. Each receiver has its own queue, so that one that hangs or is down does not delay the others.
///
/// An event goes to every receiver that is subscribed to it, at least once. All attempts have the same id, by which
/// receivers detect duplicates. Several events are sent concurrently, so their order is not preserved.
pub struct Delivery {
    shared: Arc<Shared>,
    pub(super) subscriptions: Vec<Subscription>,
    queues: Vec<Queue>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("subscriptions", &self.subscriptions).finish_non_exhaustive()
    }
}

impl Delivery {
    /// Delivers the events of an outbox to webhooks.
    #[must_use]
    pub fn new(webhooks: Webhooks, outbox: Arc<dyn Outbox>, clock: Arc<dyn Clock>, settings: DeliverySettings) -> Self {
        Self::to(webhooks, Vec::new(), outbox, clock, settings)
    }

    /// Delivers the events of an outbox to webhooks and legacy systems.
    #[must_use]
    pub fn to(
        webhooks: Webhooks,
        write_backs: Vec<WriteBack>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        settings: DeliverySettings,
    ) -> Self {
        let mut receivers = webhooks.into_receivers(settings.attempts);
        receivers.extend(write_backs.into_iter().map(|legacy| Arc::new(legacy) as Arc<dyn Receiver>));
        let subscriptions = receivers.iter().map(|receiver| receiver.subscription().clone()).collect();
        let shared = Arc::new(Shared { outbox, clock, settings });
        let queues = receivers.into_iter().map(|receiver| Queue::new(Arc::clone(&shared), receiver)).collect();
        Self { shared, subscriptions, queues }
    }

    /// Delivers until `stop` is ready. Events that are being sent are finished first; the others are sent after the
    /// next start.
    pub async fn run(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        if poll_immediate(stop.as_mut()).await.is_some() {
            return;
        }
        let (sender, stopped) = watch::channel(false);
        let queues = join_all(self.queues.iter().map(|queue| queue.run(stopped.clone())));
        let end = async {
            stop.await;
            sender.send_replace(true);
        };
        tokio::join!(queues, self.route_until(stopped.clone()), end);
    }

    /// Passes new events to the queues.
    async fn route_until(&self, mut stopped: watch::Receiver<bool>) {
        loop {
            let pause = match self.route().await {
                Ok(PAGE) => Duration::ZERO,
                Ok(_) => self.shared.settings.poll,
                Err(error) => {
                    tracing::error!(%error, "cannot read the outbox");
                    self.shared.settings.poll
                }
            };
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = sleep(pause) => {}
            }
        }
    }

    async fn route(&self) -> Result<usize, PortError> {
        let Shared { outbox, clock, .. } = &*self.shared;
        let routed = outbox.route(&self.subscriptions, clock.now(), PAGE).await?;
        if routed > 0 {
            self.queues.iter().for_each(|queue| queue.wake.notify_one());
        }
        Ok(routed)
    }

    /// Delivers what is due now, once; each receiver gets one event at a time.
    ///
    /// # Errors
    /// If the outbox cannot be read or written. An event that was sent but not recorded is sent again.
    pub async fn deliver_due(&self) -> Result<(), PortError> {
        while self.route().await? > 0 {}
        try_join_all(self.queues.iter().map(Queue::drain)).await.map(|_| ())
    }
}

/// Drops events for receivers that are no longer in the settings, and logs how many. Called at startup with the names of
/// the current receivers.
///
/// # Errors
/// If the outbox cannot be read or written.
pub async fn drop_removed(outbox: &dyn Outbox, clock: &dyn Clock, receivers: &[String]) -> Result<(), PortError> {
    for (receiver, events) in outbox.keep_receivers(receivers).await? {
        tracing::warn!(receiver, events, "dropped the events of a receiver that is no longer in the settings");
        EVENTS_DROPPED.add([receiver.into()], events);
    }
    if receivers.is_empty() {
        // Nobody subscribes to new events either.
        while outbox.route(&[], clock.now(), PAGE).await? > 0 {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
