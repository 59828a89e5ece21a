//! What an observer sees of a login, step by step: for metrics, and for the demo page that explains a login.

use std::time::Duration;

use super::outcome::Outcome;
use crate::ports::HookPoint;

/// One step of a login. Names and codes, never customer data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// The attempt was counted: there was room.
    Counted,
    /// A counter is at its limit.
    OverLimit,
    /// The account was looked up at the target.
    Looked {
        /// Whether it exists.
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
    /// The legacy system was queried for the record.
    Fetched {
        /// The source's name.
        source: &'a str,
        /// Whether a record exists.
        known: Known,
        /// How long it took.
        took: Duration,
    },
    /// The password was verified against the legacy system.
    Verified {
        /// The verifier's name.
        verifier: &'a str,
        /// The scheme of the stored hash; empty if there is none.
        scheme: &'a str,
        /// The verdict's name.
        verdict: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The rules mapped the record to an account.
    Mapped {
        /// The names of claims that were left out because their value was invalid.
        warnings: &'a [String],
        /// How long it took.
        took: Duration,
    },
    /// The logins of the record were looked up at the source.
    LookedUpLogins {
        /// The source's name.
        source: &'a str,
        /// How many logins the account does not own, because they do not resolve to its customer.
        left_out: usize,
        /// How long it took.
        took: Duration,
    },
    /// The record is invalid: rules and steps, never values.
    Invalid {
        /// `rule: step: message` lines.
        reasons: &'a [String],
    },
    /// A hook ran.
    Hook {
        /// The point.
        point: HookPoint,
        /// `fine`, `denied` or `failed`.
        result: &'static str,
        /// Why it failed, in one sentence; empty if it did not fail.
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
    /// The decision was recorded in the ledger.
    Recorded {
        /// How long it took.
        took: Duration,
    },
    /// A port failed.
    Failed {
        /// The adapter of the port.
        adapter: &'a str,
        /// The operation that failed.
        operation: &'static str,
        /// The kind of failure.
        kind: &'static str,
        /// The whole sentence for the operator.
        detail: &'a str,
    },
    /// The login ended.
    Ended {
        /// The outcome.
        outcome: &'a Outcome,
        /// How long it took, without the wait that equalises refusals.
        took: Duration,
    },
}

/// Whether a lookup found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Found.
    Yes,
    /// Not found.
    No,
}

/// Observes logins.
pub trait Observer: Send + Sync {
    /// A step happened.
    fn step(&self, request_id: &str, step: &Step<'_>);
}

/// Ignores all steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&self, _: &str, _: &Step<'_>) {}
}
