//! What two versions of rules make of the same record: which accounts, claims and stored passwords differ, and how.
//!
//! `landfall diff` counts the differences over an export, the service over live logins (`shadow`).

mod account;
mod mask;
mod pairs;

#[cfg(test)]
mod tests;

use std::fmt;

pub use account::Comparison;
pub use mask::{masked, scheme_of, shown};
pub use pairs::Side;

use crate::engine::outcome::Reason;
use crate::model::Value;

/// What of a record's accounts differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part<'c> {
    /// Whether there is an account at all.
    Account,
    /// The legacy id (`identify.id`). With another id, a customer who was migrated is a stranger.
    Id,
    /// What the customer may type to sign in (`identify.logins`).
    Logins,
    /// The stored password.
    Credential,
    /// A claim, by its name in the rules.
    Claim(&'c str),
}

impl<'c> Part<'c> {
    /// Its name in reports and metrics.
    #[must_use]
    pub fn name(self) -> &'c str {
        match self {
            Self::Account => "account",
            Self::Id => "identify.id",
            Self::Logins => "identify.logins",
            Self::Credential => "credential",
            Self::Claim(name) => name,
        }
    }
}

/// How it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// An account is made that was not.
    Made,
    /// The rules deny a customer whom they did not deny.
    Denied,
    /// A record is invalid that was not.
    Invalid,
    /// The customer still gets no account, for another reason.
    OtherReason,
    /// A value that was missing.
    Added,
    /// A value that is missing now, or an account that the record does not yield any more.
    Removed,
    /// Another value.
    Changed,
}

impl Change {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Made, Self::Denied, Self::Invalid, Self::OtherReason, Self::Added, Self::Removed, Self::Changed];

    /// Its name in reports and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::OtherReason => "other_reason",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One difference between the accounts of a record.
#[derive(Debug, Clone)]
pub struct Difference<'a> {
    /// What differs.
    pub part: Part<'a>,
    /// How.
    pub change: Change,
    /// Why there is no account now, or was none before; without a value of the record.
    pub reason: Option<String>,
    /// The position of the account among those of the record, from 1; `None` if the record yields only one.
    pub account: Option<usize>,
    /// The value before; missing for differences of accounts.
    pub before: Value<'a>,
    /// The value after.
    pub after: Value<'a>,
}

/// A reason as a text that is the same for all records it applies to: without the place in the record.
#[must_use]
pub fn reason_text(reason: &Reason) -> String {
    match (reason.rule.as_str(), reason.step.as_str()) {
        ("record", "unread") => "the record has fields that no rule reads".to_owned(),
        ("record", _) => reason.message.split(':').next().unwrap_or_default().to_owned(),
        (rule, _) => format!("{rule}: {}", reason.message),
    }
}
