//! Who receives events, and the state of one event at one receiver.

use jiff::Timestamp;

use super::EventKind;

/// A receiver of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The name of the webhook.
    pub receiver: String,
    /// The kinds of events it is subscribed to.
    pub kinds: Vec<EventKind>,
}

/// The state of one event at one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// The receiver has accepted it.
    Accepted,
    /// To be sent again at this time.
    Again(Timestamp),
    /// All attempts are used up. It stays in the outbox for an operator to find and is not sent again.
    Dead,
}
