//! The outbox in memory, with the same behaviour as in the file.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::MemoryLedger;
use crate::adapters::ledgers::{DEAD, later, latest_due, micros};
use crate::ports::{
    BoxFuture, DeliveryState, Event, EventKind, Outbox, Outgoing, PortError, Subscription, Undelivered,
};

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
    why: String,
}

/// Whether a receiver is subscribed to an event.
fn receives(subscription: &Subscription, event: &Event) -> bool {
    let source = event.customer.as_ref().map(|customer| &customer.key.source);
    subscription.kinds.contains(&event.kind) && subscription.source.as_ref().is_none_or(|wanted| source == Some(wanted))
}

/// When an event is due at a receiver for the first time.
fn first_due(subscription: &Subscription, event: &Event, now: Timestamp) -> i64 {
    later(event.at.min(now), subscription.after)
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
                let event = &waiting.event;
                let subscribed = subscriptions.iter().filter(|subscription| receives(subscription, event));
                let delivery = |subscription: &Subscription| {
                    let due_at = first_due(subscription, event, now);
                    (subscription.receiver.clone(), Delivery { attempts: 0, due_at, why: String::new() })
                };
                waiting.deliveries = Some(subscribed.map(delivery).collect());
            })
            .count();
        self.sweep();
        routed
    }

    pub(super) fn due(
        &mut self,
        receiver: &Subscription,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> Vec<Outgoing> {
        let too_far = latest_due(now, receiver.after);
        let mut due: Vec<(i64, i64, &Event, &mut Delivery)> = Vec::new();
        for (id, Waiting { event, deliveries }) in &mut self.events {
            let Some(delivery) = deliveries.as_mut().and_then(|deliveries| deliveries.get_mut(&receiver.receiver))
            else {
                continue;
            };
            if delivery.due_at > too_far && delivery.due_at < DEAD {
                delivery.due_at = first_due(receiver, event, now);
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

    pub(super) fn sent(&mut self, receiver: &str, id: i64, state: DeliveryState<'_>) {
        let deliveries = self.events.get_mut(&id).and_then(|waiting| waiting.deliveries.as_mut());
        let Some(deliveries) = deliveries else { return };
        let (due_at, why) = match state {
            DeliveryState::Accepted => {
                deliveries.remove(receiver);
                return self.sweep();
            }
            DeliveryState::Again { at, why } => (micros(at), why),
            DeliveryState::Dead { why } => (DEAD, why),
            DeliveryState::Rehearsed => (DEAD, Undelivered::REHEARSED),
        };
        if let Some(delivery) = deliveries.get_mut(receiver) {
            (delivery.due_at, delivery.why) = (due_at, why.to_owned());
        }
    }

    fn undelivered(&self, kind: EventKind, after: i64, limit: usize) -> Vec<Undelivered> {
        let of_kind = self.events.range(after.saturating_add(1)..).filter(|(_, waiting)| waiting.event.kind == kind);
        let each = of_kind.flat_map(|(id, waiting)| match &waiting.deliveries {
            None => vec![undelivered(*id, &waiting.event, None)],
            Some(deliveries) => {
                deliveries.iter().map(|delivery| undelivered(*id, &waiting.event, Some(delivery))).collect()
            }
        });
        each.take(limit).collect()
    }

    fn send_again(&mut self, kind: EventKind, id: Option<i64>, now: Timestamp) -> u64 {
        let mut again = 0;
        let of_kind = self
            .events
            .iter_mut()
            .filter(|(have, waiting)| waiting.event.kind == kind && id.is_none_or(|wanted| wanted == **have));
        for delivery in of_kind.filter_map(|(_, waiting)| waiting.deliveries.as_mut()).flat_map(BTreeMap::values_mut) {
            if delivery.due_at == DEAD {
                (delivery.attempts, delivery.due_at) = (0, micros(now));
                again += 1;
            }
        }
        again
    }

    /// Removes events without deliveries.
    fn sweep(&mut self) {
        self.events.retain(|_, waiting| waiting.deliveries.as_ref().is_none_or(|left| !left.is_empty()));
    }
}

fn undelivered(id: i64, event: &Event, delivery: Option<(&String, &Delivery)>) -> Undelivered {
    let due_at = delivery
        .map_or_else(|| Some(micros(event.at)), |(_, delivery)| Some(delivery.due_at).filter(|due_at| *due_at < DEAD));
    Undelivered {
        id,
        receiver: delivery.map(|(receiver, _)| receiver.clone()).unwrap_or_default(),
        at: event.at,
        account: event.account.clone(),
        key: event.customer.as_ref().map(|customer| customer.key.clone()),
        attempts: delivery.map_or(0, |(_, delivery)| delivery.attempts),
        due_at: due_at.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
        why: delivery.map(|(_, delivery)| delivery.why.clone()).unwrap_or_default(),
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
        receiver: &'a Subscription,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>> {
        self.with(move |state| state.outbox.due(receiver, now, lease, limit))
    }

    fn sent<'a>(
        &'a self,
        receiver: &'a str,
        id: i64,
        state: DeliveryState<'a>,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |ledger| ledger.outbox.sent(receiver, id, state))
    }

    fn undelivered<'a>(
        &'a self,
        kind: EventKind,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Undelivered>, PortError>> {
        self.with(move |state| state.outbox.undelivered(kind, after, limit))
    }

    fn send_again<'a>(
        &'a self,
        kind: EventKind,
        id: Option<i64>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, PortError>> {
        self.with(move |state| state.outbox.send_again(kind, id, now))
    }
}
