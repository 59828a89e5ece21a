//! Entries of customers, page by page, for operators.

use jiff::Timestamp;

use super::{Entry, EntryState, LegacyKey, TargetId};

/// Which entries to return. A field that is `None` does not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Created by the rules with this hash.
    pub rules: Option<String>,
    /// Whose creation began at this time or later.
    pub since: Option<Timestamp>,
    /// In this state.
    pub state: Option<EntryState>,
    /// With this account.
    pub account: Option<TargetId>,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPage {
    /// The last key of the previous page; `None` for the first page.
    pub after: Option<LegacyKey>,
    /// The maximum number of entries.
    pub limit: usize,
}

/// An entry with additional details for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryReport {
    /// The entry.
    pub entry: Entry,
    /// Tags that hooks assigned to the customer.
    pub tags: Vec<String>,
}
