//! What can be wrong with a template, and with the values it meets.

use std::ops::Range;

use thiserror::Error;

/// A mistake in the text of a template, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TemplateError {
    problem: TemplateProblem,
    range: Range<usize>,
    message: String,
    help: Option<String>,
}

/// The kind of a mistake in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateProblem {
    /// The text is not an expression of the language.
    Syntax,
    /// A function that does not exist.
    UnknownFunction,
    /// A variable that does not exist.
    UnknownVariable,
    /// Too few or too many arguments, or a number where bytes belong and the reverse.
    Arguments,
    /// `$_` outside of a `repeat` step.
    Placement,
    /// The result does not depend on `$pass`.
    PasswordUnused,
    /// Longer than [`super::Template::MAX_TEXT`].
    TooLong,
    /// Deeper than [`super::Template::MAX_DEPTH`].
    TooDeep,
    /// More rounds than [`super::Template::MAX_REPEAT`] or more calls than [`super::Template::MAX_CALLS`].
    TooCostly,
}

impl TemplateError {
    pub(super) fn new(problem: TemplateProblem, range: Range<usize>, message: impl Into<String>) -> Self {
        Self { problem, range, message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The kind of the mistake.
    #[must_use]
    pub fn problem(&self) -> TemplateProblem {
        self.problem
    }

    /// The bytes of the template text that the message speaks of; empty at the end of the text.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// One sentence about what is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, where there is advice to give.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// Why a template has no value for one input. Names functions, never values.
///
/// [`Self::is_refusal`] tells the two families apart: a bound was reached, or a value does not fit a function. In the
/// second family the input was no password of this legacy system, or the record is broken; the caller knows which of the
/// variables it trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateEvaluateError {
    /// The argument of `unhex` is not hexadecimal.
    #[error("the argument of `unhex` is not hexadecimal")]
    NotHex,
    /// The argument of `unbase64` is not base64.
    #[error("the argument of `unbase64` is not base64")]
    NotBase64,
    /// The argument of a text function is not UTF-8.
    #[error("the argument of `{0}` is not UTF-8 text")]
    NotText(&'static str),
    /// A character has no place in the encoding. Never replaced by `?`, which would let different passwords collide.
    #[error("the argument of `{0}` has characters that the encoding lacks")]
    NotEncodable(&'static str),
    /// A value grew over [`super::Template::MAX_VALUE`].
    #[error("a value of the template grew over {} bytes", super::Template::MAX_VALUE)]
    TooLarge,
    /// The evaluation touched more than [`super::Template::MAX_WORK`] bytes.
    #[error("the template needs too much work for this input")]
    TooMuchWork,
}

impl TemplateEvaluateError {
    /// Whether a bound stopped the evaluation, as opposed to a value that does not fit.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::TooLarge | Self::TooMuchWork)
    }
}
