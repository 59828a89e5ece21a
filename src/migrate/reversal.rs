//! What operators take back: migrations that are undone, and tombstones that are lifted.

use std::time::Duration;

use jiff::Timestamp;

use super::decision::Decision;
use super::ports::{LegacyKey, TargetId};

/// The beginning of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Whose migration.
    pub key: LegacyKey,
    /// The account that the migration made; an entry that names another one by now is left alone.
    pub account: TargetId,
    /// Now.
    pub at: Timestamp,
    /// How long the customer is held when nobody ends the undo.
    pub lease: Duration,
}

/// Whether an undo may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoAnswer {
    /// It may, under this token.
    Begun(u64),
    /// The customer is no longer migrated to this account, or somebody else takes it back.
    Busy,
}

/// The end of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoEnd {
    /// The account is gone: the entry is forgotten, so that the next login migrates anew, and the decision is recorded.
    Forget {
        /// Whose migration.
        key: LegacyKey,
        /// The token of the undo.
        token: u64,
        /// What was decided.
        decision: Box<Decision>,
    },
    /// The account stays, and so does the entry.
    Keep {
        /// Whose migration.
        key: LegacyKey,
        /// The token of the undo.
        token: u64,
    },
}

/// A customer whose account was deleted for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// Identity.
    pub key: LegacyKey,
}

/// Tombstones that are lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// Whose.
    pub key: LegacyKey,
    /// The account, when it is still at the target because its deletion was cut off; then the customer has it again.
    pub account: Option<TargetId>,
    /// What was decided.
    pub decision: Decision,
}
