//! What becomes of a record in a bulk creation.

use crate::engine::outcome::Reason;
use crate::ports::{AccountState, Conflict, Entry, EntryState, PortError, Refusal, TargetId};

/// What became of one account of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkAccount {
    /// Its position among the accounts of the record, from 1; `None` for a record that is one account.
    pub position: Option<usize>,
    /// The legacy id, if the record has one.
    pub id: Option<String>,
    /// The outcome.
    pub outcome: BulkOutcome,
    /// Why; no value of the record is in it.
    pub reasons: Vec<Reason>,
    /// The claims that were left out because their value was invalid.
    pub warnings: Vec<String>,
}

/// The outcome of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkOutcome {
    /// The account was created, or would be, in which case it has no id yet.
    Created {
        /// Its id.
        account: Option<TargetId>,
        /// Active with the stored hash as its password, or pending.
        state: AccountState,
    },
    /// The customer is left alone.
    Known(KnownCustomer),
    /// The rules or a hook deny the customer.
    Denied(String),
    /// The customer is disabled or locked in the legacy system.
    Refused(Refusal),
    /// An account of somebody else has a login, or every login belongs to somebody else.
    Conflict,
    /// The record is invalid.
    Invalid,
    /// The account could not be created. It may exist; the next run knows.
    Failed,
}

/// Why a customer is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownCustomer {
    /// The customer has an account with a password.
    Migrated,
    /// The customer has a pending account.
    Pending,
    /// The customer's account was permanently deleted.
    Deleted,
    /// Logins of the customer are in progress all the time.
    Held,
}

impl BulkOutcome {
    /// The name in results.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Known(KnownCustomer::Migrated) => "migrated",
            Self::Known(KnownCustomer::Pending) => "pending",
            Self::Known(KnownCustomer::Deleted) => "deleted",
            Self::Known(KnownCustomer::Held) => "held",
            Self::Denied(_) => "denied",
            Self::Refused(_) => "refused",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

impl BulkAccount {
    /// The outcome of a whole record.
    pub(super) fn of_record(outcome: BulkOutcome, reasons: Vec<Reason>) -> Self {
        Self { position: None, id: None, outcome, reasons, warnings: Vec::new() }
    }
}

/// Whose the logins of a record are, as keyed digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLogins {
    /// The customer.
    pub customer: String,
    /// What the customer may type.
    pub logins: Vec<String>,
}

/// The outcome for a customer with this entry, if the customer is left alone.
pub(super) fn known(entry: &Entry) -> Option<BulkOutcome> {
    let known = match (entry.state, entry.found()) {
        (EntryState::Buried, _) => KnownCustomer::Deleted,
        (EntryState::Done, Some(found)) if found.state == AccountState::Pending => KnownCustomer::Pending,
        (EntryState::Done, Some(_)) => KnownCustomer::Migrated,
        _ => return None,
    };
    Some(BulkOutcome::Known(known))
}

/// The reason of a failed port.
pub(super) fn failed(error: &PortError) -> Reason {
    reason(error.adapter(), error.operation(), error.to_string())
}

/// The outcome of an account that is in conflict with another one.
pub(super) fn conflicting(conflict: Conflict) -> (BulkOutcome, Vec<Reason>) {
    let message = match conflict {
        Conflict::Deleted => return (BulkOutcome::Known(KnownCustomer::Deleted), Vec::new()),
        Conflict::Login => "an account of another customer has one of the logins",
        Conflict::Legacy => "the customer has an account that was created under another key of the ledger",
    };
    (BulkOutcome::Conflict, vec![reason("identify", "logins", message)])
}

/// What is to be known of an account that does not own so many logins of its record.
pub(super) fn left_out(logins: usize) -> Vec<Reason> {
    let message = "a login that does not lead to this customer alone was left out";
    (0..logins.min(1)).map(|_| reason("identify", "logins", message)).collect()
}

/// Every login of the record leads to somebody else.
pub(super) fn without_own_login() -> (BulkOutcome, Vec<Reason>) {
    let message = "no login of the record belongs to its customer alone";
    (BulkOutcome::Conflict, vec![reason("identify", "logins", message)])
}

pub(super) fn reason(rule: &str, step: &str, message: impl Into<String>) -> Reason {
    Reason { rule: rule.to_owned(), step: step.to_owned(), message: message.into(), span: None }
}
