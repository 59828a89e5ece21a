//! Why a value could not be made, and what that means for the record.

use crate::diag::Span;
use crate::engine::op::Failure;
use crate::engine::outcome::Reason;
use crate::engine::plan::RulePlan;
use crate::engine::steps::StepFailure;
use crate::model::Value;

/// A value that a rule makes, or why it could not.
pub(super) type Made<'a> = Result<Value<'a>, Stop>;

/// Why a value could not be made.
pub(super) enum Stop {
    /// A step failed; the rule's policy decides.
    Step(StepFailure),
    /// A required field, by its position, is not there, so that the element has failed. In a box, so that what is rare does
    /// not make every value larger.
    Member(Box<(usize, StepFailure)>),
    /// The policy has decided: the record is held back.
    Fall(Box<Reason>),
}

impl Stop {
    /// A step that failed.
    pub(super) fn step(step: &'static str, span: Span, failure: Failure) -> Self {
        Self::Step(StepFailure { step, span, failure })
    }

    /// The failure of a rule's step, which holds the record back.
    pub(super) fn fall(rule: &RulePlan, failure: &StepFailure) -> Self {
        Self::Fall(Box::new(reason(rule, failure)))
    }

    /// Outside a list every stop holds the record back.
    pub(super) fn into_reason(self, rule: &RulePlan) -> Reason {
        match self {
            Self::Fall(reason) => *reason,
            Self::Step(failure) => reason(rule, &failure),
            Self::Member(member) => reason(rule, &member.1),
        }
    }
}

/// The failure of a rule's step as a reason to hold the record back.
fn reason(rule: &RulePlan, failure: &StepFailure) -> Reason {
    Reason {
        rule: rule.path.clone(),
        step: failure.step.to_owned(),
        message: failure.failure.message().to_owned(),
        span: Some(failure.span),
    }
}
