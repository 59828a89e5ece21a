//! The differences of many records: counted by what differs and how, with the first records as examples.

use std::collections::BTreeMap;

use crate::compare::Change;

/// How many kinds of differences are counted separately; all others are counted as one. Stops rules whose reasons differ
/// from record to record from filling the memory; rule files have a few dozen claims and reasons.
const MAX_KINDS: usize = 2000;

/// What differs, how, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Where it stands in reports: the account, the identity, the stored password, and claims in their order.
    pub position: usize,
    pub part: String,
    pub change: Change,
    pub reason: Option<String>,
}

/// A record with such a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// The number of the record, from 1.
    pub record: u64,
    /// Which of its accounts, from 1, if it has several.
    pub account: Option<usize>,
    /// The value before, if there was one.
    pub before: Option<String>,
    /// The value after, if there is one.
    pub after: Option<String>,
}

/// The differences of one kind.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub count: u64,
    pub examples: Vec<Example>,
}

/// All differences.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Records that both versions ran on.
    pub records: u64,
    /// Records with at least one difference.
    pub differing: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records whose processing ended by a fault of this program.
    pub failed: u64,
    /// Accounts that the old and the new version make.
    pub accounts: (u64, u64),
    pub groups: BTreeMap<Kind, Group>,
}

impl Tally {
    /// Counts a difference. The example is made only if it is kept.
    pub(super) fn count(&mut self, kind: Kind, examples: usize, example: impl FnOnce() -> Example) {
        let group = self.group(kind);
        group.count += 1;
        if group.examples.len() < examples {
            group.examples.push(example());
        }
    }

    fn group(&mut self, kind: Kind) -> &mut Group {
        let is_full = self.groups.len() >= MAX_KINDS && !self.groups.contains_key(&kind);
        let kind = if is_full { Kind { reason: Some("(others)".to_owned()), ..kind } } else { kind };
        self.groups.entry(kind).or_default()
    }

    /// Moves all counts of a later batch into this tally.
    pub(super) fn take(&mut self, other: &mut Self, examples: usize) {
        self.records += std::mem::take(&mut other.records);
        self.differing += std::mem::take(&mut other.differing);
        self.unreadable += std::mem::take(&mut other.unreadable);
        self.failed += std::mem::take(&mut other.failed);
        let (old, new) = std::mem::take(&mut other.accounts);
        self.accounts = (self.accounts.0 + old, self.accounts.1 + new);
        for (kind, later) in std::mem::take(&mut other.groups) {
            let group = self.group(kind);
            group.count += later.count;
            let room = examples.saturating_sub(group.examples.len());
            group.examples.extend(later.examples.into_iter().take(room));
        }
    }
}
