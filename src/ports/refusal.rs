//! Why a customer is refused, as a closed list.

/// Why a customer is refused. Recorded in the ledger and in events, never shown to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Neither the target nor the legacy system knows the identifier.
    Unknown,
    /// The legacy system does not accept the password.
    WrongPassword,
    /// The target does not accept the password.
    WrongPasswordAtTarget,
    /// The identifier or the password is malformed.
    Malformed,
    /// The stored credential cannot verify any password: missing, broken or unsupported.
    Unverifiable,
    /// The stored hash is estimated to exceed the limits, the memory of the lane, or the time of a login.
    CostRefused,
    /// The account is disabled.
    Disabled,
    /// The account is locked.
    Locked,
    /// The password or the account has expired in the legacy system.
    Expired,
    /// The account was permanently deleted.
    Deleted,
    /// The ledger names an account that is not at the target; an operator must investigate.
    Missing,
    /// Too many attempts.
    Attempts,
    /// The account has no password yet.
    Pending,
    /// The customer is migrated, and the password lives at a target that does not verify it for us.
    AlreadyMigrated,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Self; 14] = [
        Self::Unknown,
        Self::WrongPassword,
        Self::WrongPasswordAtTarget,
        Self::Malformed,
        Self::Unverifiable,
        Self::CostRefused,
        Self::Disabled,
        Self::Locked,
        Self::Expired,
        Self::Deleted,
        Self::Missing,
        Self::Attempts,
        Self::Pending,
        Self::AlreadyMigrated,
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
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Missing => "missing",
            Self::Attempts => "attempts",
            Self::Pending => "pending",
            Self::AlreadyMigrated => "already_migrated",
        }
    }
}
