//! A chain of steps: flat, built once, and run for every record.

use super::context::Cx;
use super::op::{Failure, Op};
use crate::diag::Span;
use crate::model::{Kinds, Value};

/// A chain of steps.
#[derive(Debug, Default)]
pub struct Steps(pub(super) Vec<Step>);

/// One step of a chain.
#[derive(Debug)]
pub struct Step {
    /// The op's name, for traces and errors.
    pub name: &'static str,
    /// What the op accepts.
    pub input: Kinds,
    /// Whether it also runs on missing and null.
    pub takes_nothing: bool,
    /// Whether it can fail on a value of such a kind.
    pub can_fail: bool,
    /// The code.
    pub op: Box<dyn Op>,
    /// Its place.
    pub span: Span,
}

/// A step that failed.
#[derive(Debug)]
pub struct StepFailure {
    /// The op's name.
    pub step: &'static str,
    /// Its place.
    pub span: Span,
    /// Why.
    pub failure: Failure,
}

impl Step {
    /// Applies the step; missing and null are passed through unless the op takes them.
    ///
    /// # Errors
    /// If the op fails or does not accept the kind of the value.
    pub fn apply<'a>(&'a self, value: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, StepFailure> {
        let result = if !value.is_present() {
            if !self.takes_nothing {
                return Ok(value);
            }
            self.op.apply(value, cx)
        } else if self.input.has(value) {
            self.op.apply(value, cx)
        } else {
            Err(Failure::kind(self.input, value))
        };
        result.map_err(|failure| StepFailure { step: self.name, span: self.span, failure })
    }
}

impl Steps {
    /// Runs the chain.
    ///
    /// # Errors
    /// The first failure.
    pub fn run<'a>(&'a self, value: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, StepFailure> {
        self.0.iter().try_fold(value, |value, step| step.apply(value, cx))
    }

    /// Whether there are no steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
