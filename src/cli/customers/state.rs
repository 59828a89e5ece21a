//! Whether a customer of an export has come.

use super::worker::Fate;
use crate::ports::{Entry, EntryState};

/// What the ledger and the rules say of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Has an account with a password of its own.
    Migrated,
    /// Was permanently deleted.
    Deleted,
    /// Gets no account: the rules deny the customer, or the legacy account is disabled or locked.
    Excluded,
    /// Has not come.
    Never,
    /// Has an account without a password.
    Pending,
    /// Came, and the creation was interrupted or given up.
    Unfinished,
    /// Cannot come until the record or the rules are corrected.
    Invalid,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] =
        [Self::Migrated, Self::Deleted, Self::Excluded, Self::Never, Self::Pending, Self::Unfinished, Self::Invalid];

    /// The state of a customer with this entry, if there is one. What happened counts more than what the record says today.
    pub fn of(entry: Option<&Entry>, fate: Fate) -> Self {
        let has_password = |entry: &Entry| entry.verified_at.or(entry.activated_at).is_some();
        let known = entry.map(|entry| match entry.state {
            EntryState::Done if has_password(entry) => Self::Migrated,
            EntryState::Done => Self::Pending,
            EntryState::Buried => Self::Deleted,
            EntryState::Creating | EntryState::Undoing | EntryState::Abandoned => Self::Unfinished,
        });
        match (known, fate) {
            (Some(known @ (Self::Migrated | Self::Deleted)), _) => known,
            (_, Fate::Excluded) => Self::Excluded,
            (_, Fate::Invalid) => Self::Invalid,
            (known, Fate::Account) => known.unwrap_or(Self::Never),
        }
    }

    /// The name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Migrated => "migrated",
            Self::Deleted => "deleted",
            Self::Excluded => "excluded",
            Self::Never => "never",
            Self::Pending => "pending",
            Self::Unfinished => "unfinished",
            Self::Invalid => "invalid",
        }
    }

    /// Whether the customer still depends on the legacy system.
    pub fn is_remaining(self) -> bool {
        matches!(self, Self::Never | Self::Pending | Self::Unfinished | Self::Invalid)
    }
}
