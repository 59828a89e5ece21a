//! What was decided about one request, as the audit keeps it.

use jiff::Timestamp;

use super::counter::Settled;
use super::ports::{ExternalId, TargetId};

/// Through which operation a customer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Sign-in.
    Login,
    /// "Is this identifier reserved by a legacy customer?"
    SignupCheck,
    /// Forgot password.
    PasswordReset,
    /// A password was set by a caller that manages accounts.
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

/// One decision. Identifiers are keyed digests; there is no value of a customer in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The id of the request, to find it in the logs.
    pub request_id: String,
    /// The operation.
    pub operation: Operation,
    /// The name of the [outcome](super::Outcome), or what an operator did.
    pub outcome: &'static str,
    /// The name of the reason, or the rules' own key; empty when there is none.
    pub reason: String,
    /// Keyed digest of the canonical identifier.
    pub subject: String,
    /// Keyed digest of source and legacy id, when the record is known.
    pub customer: Option<String>,
    /// The account, and the name under which we made it.
    pub account: Option<(TargetId, Option<ExternalId>)>,
    /// The source's name, when it was asked.
    pub source: Option<String>,
    /// The hash of the rules, when they ran.
    pub rules: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How many decisions it stands for: 1, but for refusals that were summed up.
    pub count: u64,
    /// What becomes of attempts, durable together with the decision. Not kept in the audit.
    pub settled: Vec<Settled>,
}
