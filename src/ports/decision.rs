//! The decision on one request, as kept in the audit.

use jiff::Timestamp;

use super::{ExternalId, Refusal, Settled, TargetId};

/// The operation that a request used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Sign-in.
    Login,
    /// The sign-up check: "does a legacy customer own this identifier?"
    SignupCheck,
    /// Forgot password.
    PasswordReset,
    /// A caller that manages accounts set a password.
    PasswordSet,
    /// An operator: delete, undo, recovery.
    Operator,
    /// An operator creates the accounts of customers who have not come yet.
    Bulk,
    /// An identity provider asks for a profile without a password.
    Profile,
    /// An identity provider wants an account without a password.
    Provision,
}

impl Operation {
    /// The name in the audit and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::SignupCheck => "signup_check",
            Self::PasswordReset => "password_reset",
            Self::PasswordSet => "password_set",
            Self::Operator => "operator",
            Self::Bulk => "bulk",
            Self::Profile => "profile",
            Self::Provision => "provision",
        }
    }
}

/// What was decided: the outcome of a login, of another operation, or of an operator's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecisionOutcome {
    /// The customer is signed in to an existing account.
    Authenticated,
    /// The account was created by this login.
    Migrated,
    /// The same, and a new password must be chosen.
    MigratedMustChangePassword,
    /// The customer is refused.
    Refused,
    /// The target holds data that contradicts the account.
    Conflict,
    /// The record cannot become a valid account.
    InvalidRecord,
    /// The rules or a hook deny the customer.
    DeniedByRule,
    /// The legacy system gave no usable answer.
    LegacyUnavailable,
    /// The target or the ledger gave no usable answer.
    TargetUnavailable,
    /// There was more work than could be done in time.
    Overloaded,
    /// Sign-up: the identifier is free.
    Free,
    /// Sign-up: the identifier is taken.
    Reserved,
    /// Sign-up: the identifier is malformed.
    Malformed,
    /// Forgot password: an account may be notified.
    Accepted,
    /// Account management: the password was set.
    Set,
    /// Account management, profile: there is no such account.
    Unknown,
    /// Profile: the customer is known.
    Known,
    /// Bulk: the account was created.
    Created,
    /// Operator: the account was deleted for good.
    Deleted,
    /// Operator: the tombstones were removed.
    Restored,
    /// Operator: the migration was undone.
    Undone,
    /// Operator: the migration was undone; its account no longer existed.
    Forgotten,
    /// Recovery: an interrupted creation had succeeded.
    Recovered,
    /// Recovery: an interrupted undo had succeeded.
    UndoSettled,
}

impl DecisionOutcome {
    /// The name in the audit, events and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authenticated => "authenticated",
            Self::Migrated => "migrated",
            Self::MigratedMustChangePassword => "migrated_must_change_password",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::InvalidRecord => "invalid_record",
            Self::DeniedByRule => "denied_by_rule",
            Self::LegacyUnavailable => "legacy_unavailable",
            Self::TargetUnavailable => "target_unavailable",
            Self::Overloaded => "overloaded",
            Self::Free => "free",
            Self::Reserved => "reserved",
            Self::Malformed => "malformed",
            Self::Accepted => "accepted",
            Self::Set => "set",
            Self::Unknown => "unknown",
            Self::Known => "known",
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Undone => "undone",
            Self::Forgotten => "forgotten",
            Self::Recovered => "recovered",
            Self::UndoSettled => "undo_settled",
        }
    }

    /// Whether the same request may succeed later without anybody fixing anything.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::LegacyUnavailable | Self::TargetUnavailable | Self::Overloaded)
    }
}

/// Why it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DecisionReason {
    /// The outcome says it all.
    None,
    /// Why the customer is refused.
    Refused(Refusal),
    /// The record cannot be read, or there is more than one.
    Unreadable,
    /// The account does not own a login that its record lists.
    LoginLeftOut,
    /// A pending account was created.
    MadePending,
    /// The target's password policy refused the password, so that the account has none yet.
    PasswordPolicy,
    /// A key from the rules or a hook.
    Rule(String),
}

impl DecisionReason {
    /// The name in the audit and events; empty if there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::None => "",
            Self::Refused(refusal) => refusal.name(),
            Self::Unreadable => "unreadable",
            Self::LoginLeftOut => "login_left_out",
            Self::MadePending => "made_pending",
            Self::PasswordPolicy => "password_policy",
            Self::Rule(key) => key,
        }
    }
}

/// One decision. Identifiers are keyed digests; it contains no customer data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When it was made.
    pub at: Timestamp,
    /// The id of the request, for finding it in the logs.
    pub request_id: String,
    /// The operation.
    pub operation: Operation,
    /// What was decided.
    pub outcome: DecisionOutcome,
    /// Why.
    pub reason: DecisionReason,
    /// Keyed digest of the canonical identifier.
    pub subject: String,
    /// Keyed digest of source and legacy id, if the record is known.
    pub customer: Option<String>,
    /// The account, and the external id under which we created it.
    pub account: Option<(TargetId, Option<ExternalId>)>,
    /// The name of the source, if it was queried.
    pub source: Option<String>,
    /// The hash of the rules, if they ran.
    pub rules: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How many decisions this row represents: 1, except for refusals that were summed up.
    pub count: u64,
    /// What happens to attempts, durable together with the decision. Not kept in the audit.
    pub settled: Vec<Settled>,
}
