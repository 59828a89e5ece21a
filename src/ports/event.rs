//! Events for other systems, such as welcome mail or a CRM. They contain account ids and codes, never customer data; only
//! what the legacy system is told of its own customers names them.

use jiff::Timestamp;

use super::{MigratedCustomer, TargetId};

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A customer's account was created with the verified password.
    Migrated,
    /// A customer must act: choose a password.
    NeedsAction,
    /// A customer asked for a new password; a notice may go only to the address of the stored account.
    PasswordReset,
    /// A known customer was refused by the rules, a hook, or the state of the account.
    Refused,
    /// A customer could not be migrated because of the record, the legacy system, or the target.
    Failed,
    /// Legacy records have another shape than when they were assessed.
    Drift,
    /// The legacy system is to be told that a customer was migrated. Never goes to a webhook.
    WriteBack,
}

impl EventKind {
    /// The kinds that webhooks can be told of.
    pub const ALL: [Self; 6] =
        [Self::Migrated, Self::NeedsAction, Self::PasswordReset, Self::Refused, Self::Failed, Self::Drift];

    /// The name used in settings and request bodies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Migrated => "migrated",
            Self::NeedsAction => "needs_action",
            Self::PasswordReset => "password_reset",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Drift => "drift",
            Self::WriteBack => "write_back",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::WriteBack]).find(|kind| kind.name() == name)
    }
}

/// An event to be sent. It becomes durable together with its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// The name of the outcome or reason.
    pub reason: String,
    /// The account, if there is one.
    pub account: Option<TargetId>,
    /// The id of the request.
    pub request_id: String,
    /// Tags that hooks assigned to the customer.
    pub tags: Vec<String>,
    /// The customer, for [`EventKind::WriteBack`] alone.
    pub customer: Option<MigratedCustomer>,
}

/// An event taken from the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox, the same for every attempt and every receiver.
    pub id: i64,
    /// How often it was handed out for this receiver, including this time.
    pub attempts: u32,
    /// The event.
    pub event: Event,
}
