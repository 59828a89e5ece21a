//! What a check of a stored hash can answer: never a `bool`, and a broken hash is never a wrong password.

use std::borrow::Cow;

/// The answer to "does this password belong to this stored hash?".
///
/// Only [`Verdict::Match`] and [`Verdict::LossyMatch`] let a customer in. Every other verdict keeps them out, and each of
/// the last four says that the stored credential needs an operator's attention, not another attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The password is the one that was hashed.
    Match,
    /// The password verifies itself, but the scheme looks at less than all of it.
    LossyMatch(Lossy),
    /// The password is another one.
    Mismatch,
    /// No password can be verified: a locked account, a placeholder, nothing stored.
    Unusable(Cow<'static, str>),
    /// The stored credential is broken: cut off, not in its alphabet, parts missing.
    Malformed(Cow<'static, str>),
    /// The scheme, or this use of it, is not known here.
    Unsupported(Cow<'static, str>),
    /// Checking would cost more than the [limits](super::Limits) allow; nothing was computed.
    CostRefused(Cow<'static, str>),
}

/// Why other passwords than the presented one would match as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lossy {
    /// bcrypt looks at the first 72 bytes only.
    First72Bytes,
    /// DES crypt looks at the first 8 bytes only.
    First8Bytes,
    /// DES crypt looks at the lower 7 bits of each byte only.
    SevenBits,
    /// The scheme folds letters to upper case.
    Case,
    /// MySQL `OLD_PASSWORD` skips spaces and tabs.
    Spaces,
}

impl Lossy {
    /// The reason as a sentence.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::First72Bytes => "only the first 72 bytes of the password count",
            Self::First8Bytes => "only the first 8 bytes of the password count",
            Self::SevenBits => "only the lower 7 bits of each byte of the password count",
            Self::Case => "upper and lower case count alike",
            Self::Spaces => "spaces and tabs do not count",
        }
    }
}

impl Verdict {
    /// A match when the compared bytes were equal.
    #[must_use]
    pub(crate) fn proof(equal: bool) -> Self {
        if equal { Self::Match } else { Self::Mismatch }
    }

    /// Turns a match into a lossy one when there is a loss.
    #[must_use]
    pub(crate) fn with_loss(self, loss: Option<Lossy>) -> Self {
        match (self, loss) {
            (Self::Match, Some(loss)) => Self::LossyMatch(loss),
            (verdict, _) => verdict,
        }
    }

    /// Whether the password was verified.
    #[must_use]
    pub fn is_match(&self) -> bool {
        matches!(self, Self::Match | Self::LossyMatch(_))
    }

    /// The name in reports and metrics: `match`, `lossy_match`, `mismatch`, `unusable`, `malformed`, `unsupported` or
    /// `cost_refused`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::LossyMatch(_) => "lossy_match",
            Self::Mismatch => "mismatch",
            Self::Unusable(_) => "unusable",
            Self::Malformed(_) => "malformed",
            Self::Unsupported(_) => "unsupported",
            Self::CostRefused(_) => "cost_refused",
        }
    }

    /// The reason as a sentence; empty for a plain match or mismatch. Never holds a part of the password or of the hash.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Match | Self::Mismatch => "",
            Self::LossyMatch(loss) => loss.why(),
            Self::Unusable(why) | Self::Malformed(why) | Self::Unsupported(why) | Self::CostRefused(why) => why,
        }
    }
}

/// Why a stored credential cannot be checked at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// See [`Verdict::Unusable`].
    #[error("{0}")]
    Unusable(Cow<'static, str>),
    /// See [`Verdict::Malformed`].
    #[error("{0}")]
    Malformed(Cow<'static, str>),
    /// See [`Verdict::Unsupported`].
    #[error("{0}")]
    Unsupported(Cow<'static, str>),
    /// See [`Verdict::CostRefused`].
    #[error("{0}")]
    CostRefused(Cow<'static, str>),
}

impl Problem {
    /// The stored credential is broken in the way that `why` says.
    pub(crate) fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(why.into())
    }

    /// The scheme is not known here.
    pub(crate) fn unsupported(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported(why.into())
    }

    /// No password can match.
    pub(crate) fn unusable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unusable(why.into())
    }

    /// Too expensive.
    pub(crate) fn cost(why: impl Into<Cow<'static, str>>) -> Self {
        Self::CostRefused(why.into())
    }
}

impl From<Problem> for Verdict {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unusable(why) => Self::Unusable(why),
            Problem::Malformed(why) => Self::Malformed(why),
            Problem::Unsupported(why) => Self::Unsupported(why),
            Problem::CostRefused(why) => Self::CostRefused(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_match_becomes_lossy() {
        assert_eq!(Verdict::proof(true).with_loss(Some(Lossy::Case)), Verdict::LossyMatch(Lossy::Case));
        assert_eq!(Verdict::proof(true).with_loss(None), Verdict::Match);
        assert_eq!(Verdict::proof(false).with_loss(Some(Lossy::Case)), Verdict::Mismatch);
    }

    #[test]
    fn a_problem_is_no_proof() {
        for problem in [Problem::unusable("u"), Problem::malformed("m"), Problem::unsupported("s"), Problem::cost("c")]
        {
            let why = problem.to_string();
            let verdict = Verdict::from(problem);
            assert!(!verdict.is_match());
            assert_eq!(verdict.why(), why);
        }
    }
}
