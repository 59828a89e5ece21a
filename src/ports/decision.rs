//! The decision on one request, as kept in the audit.

use jiff::Timestamp;

use super::Settled;
use super::{ExternalId, TargetId};

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
    /// The name of the outcome, or of an operator's action.
    pub outcome: &'static str,
    /// The name of the reason, or a key from the rules; empty if there is none.
    pub reason: String,
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
