//! Who receives events, and the state of one event at one receiver.

use std::time::Duration;

use jiff::Timestamp;

use super::{EventKind, LegacyKey, TargetId};

/// A receiver of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The name of the receiver.
    pub receiver: String,
    /// The kinds of events it is subscribed to.
    pub kinds: Vec<EventKind>,
    /// The legacy system whose customers it is subscribed to; `None` for events of any.
    pub source: Option<String>,
    /// How long after an event it is told of it.
    pub after: Duration,
}

impl Subscription {
    /// A receiver that is told of all events of these kinds at once.
    #[must_use]
    pub fn new(receiver: impl Into<String>, kinds: &[EventKind]) -> Self {
        Self { receiver: receiver.into(), kinds: kinds.to_vec(), source: None, after: Duration::ZERO }
    }
}

/// The state of one event at one receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState<'w> {
    /// The receiver has accepted it.
    Accepted,
    /// To be sent again.
    Again {
        /// When.
        at: Timestamp,
        /// What went wrong, in one sentence without values.
        why: &'w str,
    },
    /// Given up. It stays in the outbox for an operator to find and is not sent again unless somebody asks for it.
    Dead {
        /// What went wrong, in one sentence without values.
        why: &'w str,
    },
    /// It was only rehearsed, and waits until somebody asks for it.
    Rehearsed,
}

/// An event that a receiver has not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The number of the event.
    pub id: i64,
    /// The receiver.
    pub receiver: String,
    /// When it happened.
    pub at: Timestamp,
    /// The account.
    pub account: Option<TargetId>,
    /// The customer in the legacy system, if the event names one.
    pub key: Option<LegacyKey>,
    /// How often it was handed out.
    pub attempts: u32,
    /// When it is handed out next; `None` if it was given up or only rehearsed.
    pub due_at: Option<Timestamp>,
    /// What went wrong the last time, or [`Undelivered::REHEARSED`]; empty if nothing did.
    pub why: String,
}

impl Undelivered {
    /// What is said of an event that was only rehearsed.
    pub const REHEARSED: &'static str = "dry run";

    /// Whether it was only rehearsed.
    #[must_use]
    pub fn is_rehearsed(&self) -> bool {
        self.due_at.is_none() && self.why == Self::REHEARSED
    }

    /// Whether it was given up.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.due_at.is_none() && self.why != Self::REHEARSED
    }
}
