//! How a visit ends, and what a port that failed means for it.

use super::outcome::{Outcome, Refusal};
use super::step::{FailureKind, Step};
use super::visit::Visit;
use crate::ports::{ExternalId, PasswordChange, PortError, PortErrorKind, TargetId};

/// A step of a visit: its result, or an early end.
pub(super) type Flow<T> = Result<T, Ending>;

/// The end of a visit.
#[derive(Debug)]
pub(super) struct Ending {
    pub outcome: Outcome,
    pub account: Option<(TargetId, Option<ExternalId>)>,
    pub change: PasswordChange,
    /// Whether the ledger already has the decision.
    pub recorded: Recorded,
}

/// Whether a decision is in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    Yes,
    No,
}

impl Ending {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self { outcome, account: None, change: PasswordChange::Optional, recorded: Recorded::No }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self::of(Outcome::Refused(refusal))
    }

    /// Whether nobody is known by the identifier.
    pub(super) fn is_unknown(&self) -> bool {
        self.outcome == Outcome::Refused(Refusal::Unknown)
    }
}

impl Visit<'_> {
    /// The legacy system gave no usable answer. One bad record is not an outage: its customer is refused like others,
    /// so that the answer does not reveal such a record.
    pub(super) fn legacy_failed(&self, error: &PortError) -> Ending {
        if error.is_about_one_record() {
            self.report(error);
            return Ending::of(Outcome::UnreadableRecord);
        }
        self.failed(error, Outcome::LegacyUnavailable)
    }

    /// The target gave no usable answer.
    pub(super) fn target_failed(&self, error: &PortError) -> Ending {
        self.failed(error, Outcome::TargetUnavailable)
    }

    /// The ledger gave no usable answer.
    pub(super) fn ledger_failed(&self, error: &PortError) -> Ending {
        self.failed(error, Outcome::TargetUnavailable)
    }

    fn failed(&self, error: &PortError, outcome: Outcome) -> Ending {
        self.report(error);
        Ending::of(if error.kind() == PortErrorKind::RateLimited { Outcome::Overloaded } else { outcome })
    }

    /// Reports a port failure to the observer.
    pub(super) fn report(&self, error: &PortError) {
        let (adapter, operation, detail) = (error.adapter(), error.operation(), error.to_string());
        self.step(&Step::Failed { adapter, operation, kind: FailureKind::Port(error.kind()), detail: &detail });
    }

    /// Reports to the operator that a stored hash costs too much.
    pub(super) fn too_expensive(&self, adapter: &str, why: &str) {
        self.step(&Step::Failed { adapter, operation: "verify", kind: FailureKind::CostRefused, detail: why });
    }
}
