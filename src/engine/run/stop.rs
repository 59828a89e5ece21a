//! Why a value could not be computed, and what that means for the record.

use crate::diag::Span;
use crate::engine::op::Failure;
use crate::engine::outcome::Reason;
use crate::engine::plan::RulePlan;
use crate::engine::steps::StepFailure;
use crate::model::Value;

/// The value of a rule, or why it has none.
pub(super) type Made<'a> = Result<Value<'a>, Stop>;

/// Why a value could not be computed.
pub(super) enum Stop {
    /// A step failed; the rule's policy decides.
    Step(StepFailure),
    /// A required field, by its position, is missing, so the element has failed. Boxed, so that this rare case does
    /// not make every value larger.
    Member(Box<(usize, StepFailure)>),
    /// The policy has decided: the record is invalid.
    Invalid(Box<Reason>),
}

impl Stop {
    /// A step that failed.
    pub(super) fn step(step: &'static str, span: Span, failure: Failure) -> Self {
        Self::Step(StepFailure { step, span, failure })
    }

    /// The failure of a rule's step, which makes the record invalid.
    pub(super) fn reject(rule: &RulePlan, failure: &StepFailure) -> Self {
        Self::Invalid(Box::new(reason(rule, failure)))
    }

    /// Outside a list, every stop makes the record invalid.
    pub(super) fn into_reason(self, rule: &RulePlan) -> Reason {
        match self {
            Self::Invalid(reason) => *reason,
            Self::Step(failure) => reason(rule, &failure),
            Self::Member(member) => reason(rule, &member.1),
        }
    }
}

/// The failure of a rule's step as a reason.
fn reason(rule: &RulePlan, failure: &StepFailure) -> Reason {
    Reason {
        rule: rule.path.clone(),
        step: failure.step.to_owned(),
        message: failure.failure.message().to_owned(),
        span: Some(failure.span),
    }
}
