//! The events that wait to be sent.

use std::time::Duration;

use jiff::Timestamp;

use super::{BoxFuture, DeliveryState, Outgoing, PortError, Subscription, Undelivered};

/// Hands out the events that the [`Ledger`](super::Ledger) wrote together with its decisions, and records how their
/// deliveries end. No call is bounded by the deadline of a login; the guard bounds it.
pub trait Outbox: Send + Sync {
    /// Drops pending deliveries to receivers that are not listed. Returns the number dropped per receiver.
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>>;

    /// Queues up to `limit` new events, oldest first, for every receiver subscribed to them; events without a receiver are
    /// removed. Returns the number of new events.
    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>>;

    /// Events that are due at one receiver, longest overdue first. Each is handed out again only after `lease`.
    fn due<'a>(
        &'a self,
        receiver: &'a Subscription,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>>;

    /// Records the state of an event at one receiver. An event leaves the outbox once all of its receivers have
    /// accepted it.
    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState<'a>)
    -> BoxFuture<'a, Result<(), PortError>>;

    /// Events of one kind that their receivers have not accepted, or that are not yet queued, oldest first.
    fn undelivered<'a>(
        &'a self,
        kind: super::EventKind,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Undelivered>, PortError>>;

    /// Makes events of one kind due that were given up or only rehearsed, all of them or the one with this number, with as
    /// many attempts as new ones. Returns how many there were.
    fn send_again<'a>(
        &'a self,
        kind: super::EventKind,
        id: Option<i64>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<u64, PortError>>;
}
