//! Events for other systems: welcome mail, CRM. They name accounts and codes, never a value of a customer.

use jiff::Timestamp;

use super::ports::TargetId;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A customer's account was created, with the password that was verified.
    Migrated,
    /// A customer has to do something: choose a password.
    NeedsAction,
    /// A customer asked for a new password; a notice may go to the address of the stored account, and to no other.
    PasswordReset,
    /// A known customer was refused by the rules, a hook, or the state of the account.
    Refused,
    /// A customer could not be migrated: the record, the legacy system, or the target is at fault.
    Failed,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Migrated, Self::NeedsAction, Self::PasswordReset, Self::Refused, Self::Failed];

    /// The name in settings and bodies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Migrated => "migrated",
            Self::NeedsAction => "needs_action",
            Self::PasswordReset => "password_reset",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An event to be sent. It becomes durable with the decision it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The name of the outcome or reason.
    pub reason: String,
    /// The account, when there is one.
    pub account: Option<TargetId>,
    /// The id of the request.
    pub request_id: String,
    /// Tags that hooks gave the customer.
    pub tags: Vec<String>,
}

/// An event taken from the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox, the same for every attempt and every receiver.
    pub id: i64,
    /// How often it was given out for this receiver, this time included.
    pub attempts: u32,
    /// The event.
    pub event: Event,
}
