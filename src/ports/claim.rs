//! The states of a customer's migration: claimed → verified → creating → created → done.

use std::time::Duration;

use jiff::Timestamp;

use super::Decision;
use super::Event;
use super::{AccountLookup, AccountState, ExternalId, Found, LegacyKey, TargetId};

/// A claim on a customer whose password is verified.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The legacy identity.
    pub key: LegacyKey,
    /// Keyed digests of all logins, to be checked against tombstones.
    pub logins: Vec<String>,
    /// Whether the ledger keeps the logins, because the target does not find accounts by them.
    pub lookup: AccountLookup,
    /// The external id under which the account will be created.
    pub external_id: ExternalId,
    /// The hash of the rules.
    pub rules: String,
    /// When the record was fetched.
    pub claimed_at: Timestamp,
    /// When the password was verified; `None` for an account that is created by the forgot-password operation or in bulk.
    pub verified_at: Option<Timestamp>,
    /// The current time: when the creation begins.
    pub creating_at: Timestamp,
    /// How long the claim lasts if it is never ended. Outlives the deadline of a login, so that no other login creates
    /// the account at the same time.
    pub lease: Duration,
}

/// The result of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// The claim is granted.
    Granted(Grant),
    /// Another process holds the claim or undoes the migration.
    Held,
    /// The customer has this account: migrated, or pending if the claim was made without a verified password too.
    Done(TargetId),
    /// The customer's account was permanently deleted.
    Buried,
    /// One of the logins that the ledger keeps belongs to another customer, who was migrated before.
    Taken,
}

/// A granted claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Grows with every grant; an outdated token cannot finish anything.
    pub token: u64,
    /// The pending account that the claim takes over; `None` if there is no account.
    pub pending: Option<TargetId>,
}

/// A claim to give up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandon {
    /// The legacy identity.
    pub key: LegacyKey,
    /// The token of the claim.
    pub token: u64,
    /// What remains.
    pub left: Left,
}

/// What remains of an abandoned claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// What was there before: nothing, or the pending account that was taken over.
    AsBefore,
    /// No account at the target.
    Nothing,
}

/// The end of a claim.
#[derive(Debug, Clone)]
pub struct Finish {
    /// The legacy identity.
    pub key: LegacyKey,
    /// The token of the claim.
    pub token: u64,
    /// The account.
    pub account: TargetId,
    /// Its state. The entry of a pending account is unverified, whatever was verified for the claim.
    pub state: AccountState,
    /// When the target created it.
    pub created_at: Timestamp,
    /// Tags that hooks assigned to the customer.
    pub tags: Vec<String>,
    /// The decision to record.
    pub decision: Decision,
    /// The events to send.
    pub events: Vec<Event>,
}

/// Whether a claim was still held when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It was held, and everything is durable.
    Done,
    /// The lease expired and another process took over; nothing was written.
    Lost,
}

/// The state of a customer's migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// The account may or may not be at the target.
    Creating,
    /// The account is at the target, and the migration is recorded.
    Done,
    /// The migration is being undone; the account may or may not be at the target.
    Undoing,
    /// Nothing was created; the next login starts again.
    Abandoned,
    /// The account was permanently deleted.
    Buried,
}

impl EntryState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Creating, Self::Done, Self::Undoing, Self::Abandoned, Self::Buried];

    /// The name used in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::Abandoned => "abandoned",
            Self::Buried => "buried",
        }
    }

    /// The state with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// The ledger's record of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The legacy identity.
    pub key: LegacyKey,
    /// The state of the migration.
    pub state: EntryState,
    /// The external id under which the account is created.
    pub external_id: ExternalId,
    /// The account, once it is known.
    pub account: Option<TargetId>,
    /// The token of the last grant.
    pub token: u64,
    /// The hash of the rules.
    pub rules: String,
    /// When the record was fetched.
    pub claimed_at: Timestamp,
    /// When the password was verified; `None` for pending accounts.
    pub verified_at: Option<Timestamp>,
    /// When the creation began.
    pub creating_at: Timestamp,
    /// When the target created the account.
    pub created_at: Option<Timestamp>,
    /// When the customer's migration was complete.
    pub done_at: Option<Timestamp>,
    /// When an account created without a verified password got one in another way than by a verified login.
    pub activated_at: Option<Timestamp>,
}

impl Entry {
    /// The account as a login finds it, if the customer has one and the migration is complete.
    #[must_use]
    pub fn found(&self) -> Option<Found> {
        let id = self.account.clone().filter(|_| self.state == EntryState::Done)?;
        let is_active = self.verified_at.or(self.activated_at).is_some();
        let state = if is_active { AccountState::Active } else { AccountState::Pending };
        Some(Found { id, external_id: Some(self.external_id.clone()), state })
    }
}

/// A customer whose account the ledger names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The entry.
    pub entry: Entry,
    /// Keyed digests of the logins that the ledger keeps.
    pub logins: Vec<String>,
}
