//! What operators can reverse: undoing migrations and removing tombstones.

use std::time::Duration;

use jiff::Timestamp;

use super::Decision;
use super::{LegacyKey, TargetId};

/// The start of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The customer whose migration is undone.
    pub key: LegacyKey,
    /// The account that the migration created. If the entry names another account by now, it is left alone.
    pub account: TargetId,
    /// The current time.
    pub at: Timestamp,
    /// How long the customer stays locked if the undo never ends.
    pub lease: Duration,
}

/// Whether an undo may proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoAnswer {
    /// It may, under this token.
    Begun(u64),
    /// The customer is no longer migrated to this account, or another undo is in progress.
    Busy,
}

/// The end of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoEnd {
    /// The account is gone: the entry is removed, so that the next login migrates again, and the decision is recorded.
    Forget {
        /// The customer whose migration is undone.
        key: LegacyKey,
        /// The token of the undo.
        token: u64,
        /// The decision to record.
        decision: Box<Decision>,
    },
    /// The account and its entry stay.
    Keep {
        /// The customer whose migration is undone.
        key: LegacyKey,
        /// The token of the undo.
        token: u64,
    },
}

/// A customer whose account was permanently deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// The legacy identity.
    pub key: LegacyKey,
}

/// The removal of tombstones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// The customer.
    pub key: LegacyKey,
    /// The account, if it is still at the target because its deletion was interrupted; the customer then owns it again.
    pub account: Option<TargetId>,
    /// The decision to record.
    pub decision: Decision,
}
