//! What an observer of a login sees, step by step: for metrics, and for the page that explains a login.

use std::time::Duration;

use super::hooks::HookPoint;
use super::outcome::Outcome;

/// One step of a login. Names and codes, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// The attempt was counted: there was room.
    Counted,
    /// A counter is at its limit.
    OverLimit,
    /// The target was asked whether it knows the account.
    Looked {
        /// Whether it does.
        known: Known,
        /// How long it took.
        took: Duration,
    },
    /// The target checked the password.
    Authenticated {
        /// `verified`, `mismatch`, `unusable` or `gone`.
        verdict: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The legacy system was asked for the record.
    Fetched {
        /// The source's name.
        source: &'a str,
        /// Whether there is a record.
        known: Known,
        /// How long it took.
        took: Duration,
    },
    /// The password was held against the legacy system.
    Verified {
        /// The verifier's name.
        verifier: &'a str,
        /// The scheme of the stored hash, when there is one.
        scheme: &'a str,
        /// The verdict's name.
        verdict: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The rules made an account of the record.
    Mapped {
        /// The names of claims that were left out because their value was bad.
        warnings: &'a [String],
        /// How long it took.
        took: Duration,
    },
    /// The source was asked where the logins of the record lead.
    LookedUpLogins {
        /// The source's name.
        source: &'a str,
        /// How many the account does not own, because they do not lead back to its customer.
        left_out: usize,
        /// How long it took.
        took: Duration,
    },
    /// The rules made no account: rules and steps, never values.
    Invalid {
        /// `rule: step: message` lines.
        reasons: &'a [String],
    },
    /// A hook ran.
    Hook {
        /// Where.
        point: HookPoint,
        /// `fine`, `denied` or `failed`.
        result: &'static str,
        /// Why it failed: one sentence; empty when it did not.
        detail: &'a str,
        /// How long it took.
        took: Duration,
    },
    /// The customer was claimed in the ledger.
    Claimed {
        /// `granted`, `held`, `done` or `buried`.
        answer: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The target was asked to create the account.
    Created {
        /// `new`, `exists`, `login_conflict`, `legacy_conflict` or `deleted`.
        answer: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The ledger has the decision.
    Recorded {
        /// How long it took.
        took: Duration,
    },
    /// A port failed.
    Failed {
        /// The port's adapter.
        adapter: &'a str,
        /// What was tried.
        operation: &'static str,
        /// The kind of failure.
        kind: &'static str,
        /// The whole sentence for the operator.
        detail: &'a str,
    },
    /// The end.
    Ended {
        /// What came of it.
        outcome: &'a Outcome,
        /// How long it took, without the wait that makes refusals look alike.
        took: Duration,
    },
}

/// Whether something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Somebody who watches logins.
pub trait Observer: Send + Sync {
    /// A step was made.
    fn step(&self, request_id: &str, step: &Step<'_>);
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&self, _: &str, _: &Step<'_>) {}
}
