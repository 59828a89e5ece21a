//! What the outbox delivers to.

use crate::ports::{BoxFuture, Clock, Outgoing, Subscription};

/// Something that is told of events: a webhook, or a legacy system.
pub(super) trait Receiver: Send + Sync {
    /// Its name, and what it is told of.
    fn subscription(&self) -> &Subscription;

    /// How many events it is sent concurrently.
    fn in_flight(&self) -> usize;

    /// How often an event is sent before it is given up.
    fn attempts(&self) -> u32;

    /// Sends an event. Takes no longer than the lease of a queue.
    fn deliver<'a>(&'a self, outgoing: &'a Outgoing, clock: &'a dyn Clock) -> BoxFuture<'a, Delivered>;

    /// Reports an event that was given up.
    fn gave_up(&self, outgoing: &Outgoing, why: &str);
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delivered {
    /// The receiver has accepted the event, or does not need it any more.
    Accepted,
    /// To be tried again, for this reason.
    Failed(String),
    /// The receiver will never accept it, for this reason.
    Refused(String),
    /// Only rehearsed.
    Rehearsed,
}

impl Delivered {
    /// Whether the receiver was there and answered.
    pub(super) fn was_answered(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}
