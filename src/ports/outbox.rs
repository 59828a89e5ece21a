//! The events that wait to be sent.

use std::time::Duration;

use jiff::Timestamp;

use super::{BoxFuture, DeliveryState, Outgoing, PortError, Subscription};

/// Hands out the events that the [`Ledger`](super::Ledger) wrote together with its decisions, and records how their
/// deliveries end. No call is bounded by the deadline of a login; the guard bounds it.
pub trait Outbox: Send + Sync {
    /// Drops pending deliveries to receivers that are not listed. Returns the number dropped per receiver.
    fn keep_receivers<'a>(&'a self, receivers: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, u64)>, PortError>>;

    /// Queues up to `limit` new events, oldest first, for every receiver subscribed to their kind; events without a
    /// receiver are removed. Returns the number of new events.
    fn route<'a>(
        &'a self,
        subscriptions: &'a [Subscription],
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<usize, PortError>>;

    /// Events that are due at one receiver, longest overdue first. Each is handed out again only after `lease`.
    fn due<'a>(
        &'a self,
        receiver: &'a str,
        now: Timestamp,
        lease: Duration,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Outgoing>, PortError>>;

    /// Records the state of an event at one receiver. An event leaves the outbox once all of its receivers have
    /// accepted it.
    fn sent<'a>(&'a self, receiver: &'a str, id: i64, state: DeliveryState) -> BoxFuture<'a, Result<(), PortError>>;
}
