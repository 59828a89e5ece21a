//! The outcomes of a login: one closed list.

/// Why a customer is refused. It goes to the ledger and to events, never to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Neither the target nor the legacy system knows the identifier.
    Unknown,
    /// The legacy system does not accept the password.
    WrongPassword,
    /// The target does not accept the password.
    WrongPasswordAtTarget,
    /// The identifier or the password cannot be one.
    Malformed,
    /// The stored credential verifies no password: none stored, broken, unsupported.
    Unverifiable,
    /// The stored hash cannot be checked within the limits, the memory of the lane, or the time of a login.
    CostRefused,
    /// The account is disabled.
    Disabled,
    /// The account is locked.
    Locked,
    /// The account was deleted for good.
    Deleted,
    /// The account that the ledger names is not at the target: an operator has to look.
    Missing,
    /// Too many attempts.
    Attempts,
    /// The account waits for a password to be set.
    Pending,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Self; 12] = [
        Self::Unknown,
        Self::WrongPassword,
        Self::WrongPasswordAtTarget,
        Self::Malformed,
        Self::Unverifiable,
        Self::CostRefused,
        Self::Disabled,
        Self::Locked,
        Self::Deleted,
        Self::Missing,
        Self::Attempts,
        Self::Pending,
    ];

    /// The name in the ledger, events and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::WrongPassword => "wrong_password",
            Self::WrongPasswordAtTarget => "wrong_password_at_target",
            Self::Malformed => "malformed",
            Self::Unverifiable => "unverifiable",
            Self::CostRefused => "cost_refused",
            Self::Disabled => "disabled",
            Self::Locked => "locked",
            Self::Deleted => "deleted",
            Self::Missing => "missing",
            Self::Attempts => "attempts",
            Self::Pending => "pending",
        }
    }
}

/// What came of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target knew the account and verified the password.
    Authenticated,
    /// The account was created now.
    Migrated,
    /// The account was created now, and a new password must be chosen.
    MigratedMustChangePassword,
    /// The customer is refused.
    Refused(Refusal),
    /// The target holds something that contradicts the account.
    Conflict,
    /// The record gives no valid account.
    InvalidRecord,
    /// The source has a record that cannot be read, or more than one: a fault of this customer's record, and no outage.
    UnreadableRecord,
    /// The rules or a hook refuse the customer, with a message key.
    DeniedByRule(String),
    /// The legacy system gave no answer that counts.
    LegacyUnavailable,
    /// The target or the ledger gave no answer that counts.
    TargetUnavailable,
    /// There is more to do than can be done in time.
    Overloaded,
}

impl Outcome {
    /// The name in the ledger, events and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Migrated => "migrated",
            Self::MigratedMustChangePassword => "migrated_must_change_password",
            Self::Refused(_) => "refused",
            Self::Conflict => "conflict",
            Self::InvalidRecord | Self::UnreadableRecord => "invalid_record",
            Self::DeniedByRule(_) => "denied_by_rule",
            Self::LegacyUnavailable => "legacy_unavailable",
            Self::TargetUnavailable => "target_unavailable",
            Self::Overloaded => "overloaded",
        }
    }

    /// The reason beside the name; empty when the name says all.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(refusal) => refusal.name(),
            Self::DeniedByRule(key) => key,
            Self::UnreadableRecord => "unreadable",
            _ => "",
        }
    }

    /// Whether the customer is in.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Authenticated | Self::Migrated | Self::MigratedMustChangePassword)
    }

    /// Whether the same login may succeed later without anybody mending anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::LegacyUnavailable | Self::TargetUnavailable | Self::Overloaded)
    }
}
