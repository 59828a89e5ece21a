//! Errors in templates, and in the values they are applied to.

use std::ops::Range;

use thiserror::Error;

/// An error in the text of a template, with its position.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TemplateError {
    problem: TemplateProblem,
    range: Range<usize>,
    message: String,
    help: Option<String>,
}

/// The kind of an error in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateProblem {
    /// The text is not an expression of the language.
    Syntax,
    /// A function that does not exist.
    UnknownFunction,
    /// A variable that does not exist.
    UnknownVariable,
    /// Too few or too many arguments, or a number in place of bytes or the reverse.
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

    /// The kind of the error.
    #[must_use]
    pub fn problem(&self) -> TemplateProblem {
        self.problem
    }

    /// The bytes of the template text that the message refers to; empty at the end of the text.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The message, one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, if there is advice.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// Why a template has no value for an input. Contains names of functions, never values.
///
/// [`Self::is_limit`] distinguishes the two kinds: a limit was reached, or a value is invalid for a function. In the
/// second case the input cannot be a password of this legacy system, or the record is broken; the caller knows which of
/// the variables it trusts.
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
    /// A character does not exist in the encoding. It is never replaced by `?`, which would make different passwords equal.
    #[error("the argument of `{0}` has characters that do not exist in the encoding")]
    NotEncodable(&'static str),
    /// A value exceeded [`super::Template::MAX_VALUE`].
    #[error("a value of the template exceeds {} bytes", super::Template::MAX_VALUE)]
    TooLarge,
    /// The evaluation processed more than [`super::Template::MAX_WORK`] bytes.
    #[error("the template needs too much work for this input")]
    TooMuchWork,
}

impl TemplateEvaluateError {
    /// Whether a limit stopped the evaluation, as opposed to an invalid value.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooLarge | Self::TooMuchWork)
    }
}
