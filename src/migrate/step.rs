//! What an observer sees of a login, step by step: for metrics, and for the demo page that explains a login.

use std::time::Duration;

use super::outcome::Outcome;
use crate::password::VerdictKind;
use crate::ports::{Authentication, Conflict, HookPoint, PortErrorKind};

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
        /// The verdict.
        verdict: Authentication,
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
        /// The verdict.
        verdict: VerdictKind,
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
        /// What it said.
        result: HookResult,
        /// Why it failed, in one sentence; empty if it did not fail.
        detail: &'a str,
        /// How long it took.
        took: Duration,
    },
    /// The customer was claimed in the ledger.
    Claimed {
        /// The answer of the ledger.
        answer: ClaimResult,
        /// How long it took.
        took: Duration,
    },
    /// The target was asked to create the account.
    Created {
        /// The answer of the target.
        answer: CreateResult,
        /// How long it took.
        took: Duration,
    },
    /// Hashes were computed whose results nobody uses: a refusal costs what every other refusal costs.
    Equalised {
        /// How long they took.
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
        kind: FailureKind,
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

/// How a hook ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookResult {
    /// The login continues.
    Fine,
    /// It denied the customer.
    Denied,
    /// It failed.
    Failed,
}

impl HookResult {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// How a claim was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimResult {
    /// It is granted.
    Granted,
    /// Another process holds it.
    Held,
    /// The customer has an account.
    Done,
    /// The customer's account was permanently deleted.
    Buried,
    /// Another customer has one of the logins.
    Taken,
}

impl ClaimResult {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Held => "held",
            Self::Done => "done",
            Self::Buried => "buried",
            Self::Taken => "taken",
        }
    }
}

/// How a creation was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateResult {
    /// The account now exists.
    New,
    /// The account now exists, without the password, which the target's policy refused.
    NewWithoutPassword,
    /// It existed already.
    Exists,
    /// It cannot be created.
    Conflict(Conflict),
}

impl CreateResult {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::NewWithoutPassword => "password_refused",
            Self::Exists => "exists",
            Self::Conflict(Conflict::Login) => "login_conflict",
            Self::Conflict(Conflict::Legacy) => "legacy_conflict",
            Self::Conflict(Conflict::Deleted) => "deleted",
        }
    }
}

/// What an operator is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A port failed.
    Port(PortErrorKind),
    /// A stored hash costs too much to verify.
    CostRefused,
}

impl FailureKind {
    /// The name in metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Port(kind) => kind.name(),
            Self::CostRefused => "cost_refused",
        }
    }
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
