//! The outbox in memory, with the same behaviour as in the file.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::MemoryLedger;
use crate::adapters::ledgers::{DEAD, LONGEST_WAIT, later, micros};
use crate::ports::{BoxFuture, DeliveryState, Event, Outbox, Outgoing, PortError, Subscription};

/// Events by number.
#[derive(Default)]
pub(super) struct Events {
    events: BTreeMap<i64, Waiting>,
    last: i64,
}

struct Waiting {
    event: Event,
    /// Deliveries by receiver; `None` until the event is routed.
    deliveries: Option<BTreeMap<String, Delivery>>,
}

struct Delivery {
    attempts: u32,
    due_at: i64,
}

impl Events {
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn add(&mut self, events: &[Event]) {
        for event in events {
            self.last += 1;
            self.events.insert(self.last, Waiting { event: event.clone(), deliveries: None });
        }
    }

    pub(super) fn keep_receivers(&mut self, receivers: &[String]) -> Vec<(String, u64)> {
        let mut dropped = BTreeMap::new();
        for deliveries in self.events.values_mut().filter_map(|waiting| waiting.deliveries.as_mut()) {
            deliveries.retain(|receiver, _| {
                let is_listed = receivers.contains(receiver);
                if !is_listed {
                    *dropped.entry(receiver.clone()).or_insert(0) += 1;
                }
                is_listed
            });
        }
        self.sweep();
        dropped.into_iter().collect()
    }

    pub(super) fn route(&mut self, subscriptions: &[Subscription], now: Timestamp, limit: usize) -> usize {
        let new = self.events.values_mut().filter(|waiting| waiting.deliveries.is_none()).take(limit);
        let routed = new
            .map(|waiting| {
                let subscribed =
                    subscriptions.iter().filter(|subscription| subscription.kinds.contains(&waiting.event.kind));
                let due_at = micros(waiting.event.at.min(now));
                let delivery =
                    |subscription: &Subscription| (subscription.receiver.clone(), Delivery { attempts: 0, due_at });
                waiting.deliveries = Some(subscribed.map(delivery).collect());
            })
            .count();
        self.sweep();
        routed
    }

    pub(super) fn due(&mut self, receiver: &str, now: Timestamp, lease: Duration, limit: usize) -> Vec<Outgoing> {
        let too_far = later(now, LONGEST_WAIT);
        let mut due: Vec<(i64, i64, &Event, &mut Delivery)> = Vec::new();
        for (id, Waiting { event, deliveries }) in &mut self.events {
            let Some(delivery) = deliveries.as_mut().and_then(|deliveries| deliveries.get_mut(receiver)) else {
                continue;
            };
            if delivery.due_at > too_far && delivery.due_at < DEAD {
                delivery.due_at = micros(now);
            }
            if delivery.due_at <= micros(now) {
                due.push((delivery.due_at, *id, event, delivery));
            }
        }
        due.sort_by_key(|(due_at, id, ..)| (*due_at, *id));
        let taken = due.into_iter().take(limit).map(|(_, id, event, delivery)| {
            delivery.attempts = delivery.attempts.saturating_add(1);
            delivery.due_at = later(now, lease);
            Outgoing { id, attempts: delivery.attempts, event: event.clone() }
        });
        taken.collect()
    }

    pub(super) fn sent(&mut self, receiver: &str, id: i64, state: DeliveryState) {
        let deliveries = self.events.get_mut(&id).and_then(|waiting| waiting.deliveries.as_mut());
        let Some(deliveries) = deliveries else { return };
        let due_at = match state {
            DeliveryState::Accepted => {
                deliveries.remove(receiver);
                return self.sweep();
            }
            DeliveryState::Again(at) => micros(at),
            DeliveryState::Dead => DEAD,
        };
        if let Some(delivery) = deliveries.get_mut(receiver) {
            delivery.due_at = due_at;
        }
    }

    /// Removes events without deliveries.
    fn sweep(&mut self) {
        self.events.retain(|_, waiting| waiting.deliveries.as_ref().is_none_or(|left| !left.is_empty()));
    }
}

impl Outbox for MemoryLedger {
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>> {
        self.with(move |state| state.outbox.keep_receivers(receivers))
    }

    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>> {
        self.with(move |state| state.outbox.route(subscriptions, now, limit))
    }

    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>> {
        self.with(move |state| state.outbox.due(receiver, now, lease, limit))
    }

    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |ledger| ledger.outbox.sent(receiver, id, state))
    }
}
