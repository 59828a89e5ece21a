//! A customer on the way: claimed → verified → creating → created → done.

use std::time::Duration;

use jiff::Timestamp;

use super::decision::Decision;
use super::event::Event;
use super::ports::{AccountState, ExternalId, LegacyKey, TargetId};

/// A claim on a customer whose password is verified.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Identity.
    pub key: LegacyKey,
    /// Keyed digests of all logins, to be held against tombstones.
    pub logins: Vec<String>,
    /// The name under which the account will be created.
    pub external_id: ExternalId,
    /// The hash of the rules.
    pub rules: String,
    /// When the record had been fetched.
    pub claimed_at: Timestamp,
    /// When the password was verified; none for a pending account of the forgot-password operation.
    pub verified_at: Option<Timestamp>,
    /// Now: when the creation begins.
    pub creating_at: Timestamp,
    /// How long the claim holds when nobody ends it. It outlives the deadline of a login, so that no second one creates
    /// beside it.
    pub lease: Duration,
}

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// It does.
    Granted(Grant),
    /// Somebody else holds it, or takes the migration back.
    Held,
    /// The customer has this account: migrated, or without a password while the claim had no proof either.
    Done(TargetId),
    /// The customer's account was deleted for good.
    Buried,
}

/// A claim that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Grows with every grant; an outdated one finishes nothing.
    pub token: u64,
    /// The account without a password that the claim takes over; none when there is no account.
    pub pending: Option<TargetId>,
}

/// A claim that is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandon {
    /// Identity.
    pub key: LegacyKey,
    /// The token of the claim.
    pub token: u64,
    /// What is left.
    pub left: Left,
}

/// What is left of an abandoned claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// What was there before: nothing, or the pending account that was taken over.
    AsBefore,
    /// There is no account at the target.
    Nothing,
}

/// The end of a claim.
#[derive(Debug, Clone)]
pub struct Finish {
    /// Identity.
    pub key: LegacyKey,
    /// The token of the claim.
    pub token: u64,
    /// The account.
    pub account: TargetId,
    /// Its state. The entry of a pending account has no proof, whatever was verified for the claim.
    pub state: AccountState,
    /// When the target had it.
    pub created_at: Timestamp,
    /// Tags that hooks gave the customer.
    pub tags: Vec<String>,
    /// What was decided.
    pub decision: Decision,
    /// What is to be sent.
    pub events: Vec<Event>,
}

/// Whether a claim was still ours to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// It was, and all is durable.
    Done,
    /// The lease passed and somebody else took over; nothing was written.
    Lost,
}

/// How far a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// The account may or may not be at the target.
    Creating,
    /// The account is at the target and the customer was told so.
    Done,
    /// The migration is being taken back; the account may or may not be at the target.
    Undoing,
    /// Nothing was created; the next login begins anew.
    Abandoned,
    /// The account was deleted for good.
    Buried,
}

impl EntryState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Creating, Self::Done, Self::Undoing, Self::Abandoned, Self::Buried];

    /// The name in the ledger.
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

    /// The state of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What the ledger knows of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Identity.
    pub key: LegacyKey,
    /// How far.
    pub state: EntryState,
    /// The name under which the account is created.
    pub external_id: ExternalId,
    /// The account, once it is known.
    pub account: Option<TargetId>,
    /// The token of the last grant.
    pub token: u64,
    /// The hash of the rules.
    pub rules: String,
    /// When the record had been fetched.
    pub claimed_at: Timestamp,
    /// When the password was verified; none for pending accounts.
    pub verified_at: Option<Timestamp>,
    /// When the creation began.
    pub creating_at: Timestamp,
    /// When the target had the account.
    pub created_at: Option<Timestamp>,
    /// When the customer's migration was complete.
    pub done_at: Option<Timestamp>,
    /// When the account, made without proof, got a password in another way than by a verified login.
    pub activated_at: Option<Timestamp>,
}
