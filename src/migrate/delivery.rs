//! Who receives events, and the state of one event at one receiver.

use jiff::Timestamp;

use super::event::EventKind;

/// A receiver of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The name of the webhook.
    pub receiver: String,
    /// The kinds of events it wants.
    pub kinds: Vec<EventKind>,
}

/// What came of sending an event to one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// The receiver has accepted it.
    Accepted,
    /// It is sent again at this time.
    Again(Timestamp),
    /// It was sent as often as allowed. It stays in the outbox, where an operator finds it, and is not sent again.
    Dead,
}
