//! The counts of a part of an export: of a thread, of a file, or of everything. Parts can be added in any order.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::claims::ClaimCounts;
use super::class::Stored;
use super::pairs;
use super::profile::Profile;
use super::reasons::{Reasons, Seen};
use super::secret::Hidden;
use super::table::{Table, VALUES};

/// The counts of a part of an export.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Part {
    /// All records, readable or not.
    pub records: u64,
    pub accounts: u64,
    pub denied: Reasons,
    pub invalid: u64,
    pub invalid_reasons: Reasons,
    pub unreadable: Reasons,
    pub other_warnings: Reasons,
    pub profile: Profile,
    /// By the position of the claim.
    pub claims: Vec<ClaimCounts>,
    /// Fields that no rule reads.
    pub unread: Reasons,
    /// By the rule and the number of the table.
    #[serde(with = "pairs")]
    pub lookups: FxHashMap<(String, usize), LookupCounts>,
    #[serde(with = "pairs")]
    pub schemes: FxHashMap<Stored, u64>,
    /// Accounts without a stored password.
    pub no_password: u64,
    pub unusable: Reasons,
    /// Customers by the number of their class.
    pub forecast: Vec<Seen>,
}

/// Values that a lookup did not find.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct LookupCounts {
    /// Records with such a value.
    pub missing: u64,
    /// The number of the last one.
    #[serde(skip)]
    last: u64,
    pub values: Table,
    pub seen: Seen,
}

impl Part {
    /// A part of records in which places are hidden.
    pub(super) fn hiding(hidden: Hidden) -> Self {
        Self { profile: Profile::hiding(hidden), ..Self::default() }
    }

    /// The counts of a claim.
    pub(super) fn claim(&mut self, at: usize) -> &mut ClaimCounts {
        at_or_default(&mut self.claims, at)
    }

    /// Counts a customer of a class.
    pub(super) fn customer(&mut self, class: u16, number: u64) {
        at_or_default(&mut self.forecast, usize::from(class)).note(number);
    }

    /// Adds the counts of another part, whose numbers of records begin behind `offset`, and whose classes have the numbers
    /// in `classes`.
    pub(super) fn merge(&mut self, other: Self, offset: u64, classes: impl Fn(usize) -> usize) {
        self.records += other.records;
        self.accounts += other.accounts;
        self.denied.merge(other.denied, offset);
        self.invalid += other.invalid;
        self.invalid_reasons.merge(other.invalid_reasons, offset);
        self.unreadable.merge(other.unreadable, offset);
        self.other_warnings.merge(other.other_warnings, offset);
        self.profile.merge(other.profile);
        for (at, claim) in other.claims.into_iter().enumerate() {
            self.claim(at).merge(claim, offset);
        }
        self.unread.merge(other.unread, offset);
        for (place, lookup) in other.lookups {
            self.lookups.entry(place).or_default().merge(lookup, offset);
        }
        other.schemes.into_iter().for_each(|(stored, count)| *self.schemes.entry(stored).or_default() += count);
        self.no_password += other.no_password;
        self.unusable.merge(other.unusable, offset);
        for (at, seen) in other.forecast.into_iter().enumerate() {
            at_or_default(&mut self.forecast, classes(at)).merge(seen, offset);
        }
    }
}

impl LookupCounts {
    /// Counts a value of a record; `None` if it must not be kept.
    pub(super) fn note(&mut self, value: Option<&str>, number: u64) {
        self.missing += u64::from(self.last != number);
        self.last = number;
        match value {
            Some(value) => self.values.count(value, number, VALUES),
            None => self.values.close(),
        }
        self.seen.first(number);
    }

    fn merge(&mut self, other: Self, offset: u64) {
        self.missing += other.missing;
        self.values.merge(other.values, VALUES);
        self.seen.merge(other.seen, offset);
    }
}

/// The element at a position; the list grows if it is too short.
fn at_or_default<T: Default>(list: &mut Vec<T>, at: usize) -> &mut T {
    if list.len() <= at {
        list.resize_with(at + 1, T::default);
    }
    #[expect(clippy::indexing_slicing, reason = "the list is longer than the position since the line above")]
    &mut list[at]
}
