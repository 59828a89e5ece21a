//! The outcomes of a login, as a closed list.

pub use crate::ports::Refusal;
use crate::ports::{DecisionOutcome, DecisionReason};

/// The outcome of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target knew the account and verified the password.
    Authenticated,
    /// The account was created by this login.
    Migrated,
    /// The account was created by this login, and a new password must be chosen.
    MigratedMustChangePassword,
    /// The account was created by this login without the password, which the target's password policy refused; a new one
    /// must be chosen.
    MigratedWithoutPassword,
    /// The customer is refused.
    Refused(Refusal),
    /// The target holds data that contradicts the account.
    Conflict,
    /// The record cannot become a valid account.
    InvalidRecord,
    /// The source has a record that cannot be read, or more than one: a fault of this customer's record, not an outage.
    UnreadableRecord,
    /// The rules or a hook deny the customer, with a message key.
    DeniedByRule(String),
    /// The legacy system gave no usable answer.
    LegacyUnavailable,
    /// The target or the ledger gave no usable answer.
    TargetUnavailable,
    /// There is more work than can be done in time.
    Overloaded,
}

impl Outcome {
    /// The name used in events, metrics and answers.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.decided().name()
    }

    /// How the decision on it is recorded.
    #[must_use]
    pub fn decided(&self) -> DecisionOutcome {
        match self {
            Self::Authenticated => DecisionOutcome::Authenticated,
            Self::Migrated => DecisionOutcome::Migrated,
            Self::MigratedMustChangePassword | Self::MigratedWithoutPassword => {
                DecisionOutcome::MigratedMustChangePassword
            }
            Self::Refused(_) => DecisionOutcome::Refused,
            Self::Conflict => DecisionOutcome::Conflict,
            Self::InvalidRecord | Self::UnreadableRecord => DecisionOutcome::InvalidRecord,
            Self::DeniedByRule(_) => DecisionOutcome::DeniedByRule,
            Self::LegacyUnavailable => DecisionOutcome::LegacyUnavailable,
            Self::TargetUnavailable => DecisionOutcome::TargetUnavailable,
            Self::Overloaded => DecisionOutcome::Overloaded,
        }
    }

    /// The reason, in addition to the outcome.
    #[must_use]
    pub fn reason(&self) -> DecisionReason {
        match self {
            Self::Refused(refusal) => DecisionReason::Refused(*refusal),
            Self::DeniedByRule(key) => DecisionReason::Rule(key.clone()),
            Self::UnreadableRecord => DecisionReason::Unreadable,
            Self::MigratedWithoutPassword => DecisionReason::PasswordPolicy,
            _ => DecisionReason::None,
        }
    }

    /// Whether the customer is signed in.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Authenticated | Self::Migrated | Self::MigratedMustChangePassword | Self::MigratedWithoutPassword
        )
    }

    /// Whether the same login may succeed later without anybody fixing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.decided().is_temporary()
    }
}
