//! The result of checking a stored hash: never a `bool`, and a malformed hash is never a wrong password.

use std::borrow::Cow;

/// The answer to the question: does this password match this stored hash?
///
/// Only [`Verdict::Match`], [`Verdict::LossyMatch`] and [`Verdict::MustChange`] sign a customer in. `MustChange`, `Locked`,
/// `Disabled` and `Expired` are answers of a legacy system that was asked; a stored hash never gives them. Each of the last
/// four verdicts says that the stored credential needs an operator's attention, not another attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The password matches.
    Match,
    /// The password matches, but the scheme ignores part of it.
    LossyMatch(Lossy),
    /// The password matches, and the legacy system demands a new one.
    MustChange,
    /// The password does not match.
    Mismatch,
    /// The legacy system says that the customer is locked, for example after too many wrong passwords.
    Locked,
    /// The legacy system says that the customer is disabled.
    Disabled,
    /// The legacy system says that the password or the account has expired.
    Expired,
    /// No password can match: a locked account, a placeholder, or no hash.
    Unusable(Cow<'static, str>),
    /// The stored credential is malformed: truncated, invalid characters, missing parts.
    Malformed(Cow<'static, str>),
    /// The scheme, or this use of it, is not supported.
    Unsupported(Cow<'static, str>),
    /// Checking would cost more than the [limits](super::Limits) allow; nothing was computed.
    CostRefused(Cow<'static, str>),
}

/// Why passwords other than the presented one would also match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lossy {
    /// bcrypt uses only the first 72 bytes.
    First72Bytes,
    /// DES crypt uses only the first 8 bytes.
    First8Bytes,
    /// DES crypt uses only the lower 7 bits of each byte.
    SevenBits,
    /// The scheme converts letters to upper case.
    Case,
    /// MySQL `OLD_PASSWORD` ignores spaces and tabs.
    Spaces,
}

impl Lossy {
    /// The reason, as a sentence.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::First72Bytes => "the scheme uses only the first 72 bytes of the password",
            Self::First8Bytes => "the scheme uses only the first 8 bytes of the password",
            Self::SevenBits => "the scheme uses only the lower 7 bits of each byte of the password",
            Self::Case => "the scheme ignores upper and lower case",
            Self::Spaces => "the scheme ignores spaces and tabs",
        }
    }
}

/// A verdict without its reason, which may describe the stored credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerdictKind {
    /// See [`Verdict::Match`].
    Match,
    /// See [`Verdict::LossyMatch`].
    LossyMatch,
    /// See [`Verdict::MustChange`].
    MustChange,
    /// See [`Verdict::Mismatch`].
    Mismatch,
    /// See [`Verdict::Locked`].
    Locked,
    /// See [`Verdict::Disabled`].
    Disabled,
    /// See [`Verdict::Expired`].
    Expired,
    /// See [`Verdict::Unusable`].
    Unusable,
    /// See [`Verdict::Malformed`].
    Malformed,
    /// See [`Verdict::Unsupported`].
    Unsupported,
    /// See [`Verdict::CostRefused`].
    CostRefused,
}

impl VerdictKind {
    /// The name in reports and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::LossyMatch => "lossy_match",
            Self::MustChange => "must_change",
            Self::Mismatch => "mismatch",
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Unusable => "unusable",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::CostRefused => "cost_refused",
        }
    }
}

impl Verdict {
    /// A match if the compared bytes are equal.
    #[must_use]
    pub(crate) fn match_if(equal: bool) -> Self {
        if equal { Self::Match } else { Self::Mismatch }
    }

    /// Turns a match into a lossy match if there is a loss.
    #[must_use]
    pub(crate) fn with_loss(self, loss: Option<Lossy>) -> Self {
        match (self, loss) {
            (Self::Match, Some(loss)) => Self::LossyMatch(loss),
            (verdict, _) => verdict,
        }
    }

    /// Whether the password matches.
    #[must_use]
    pub fn is_match(&self) -> bool {
        matches!(self, Self::Match | Self::LossyMatch(_) | Self::MustChange)
    }

    /// The name in reports and metrics: `match`, `lossy_match`, `must_change`, `mismatch`, `locked`, `disabled`, `expired`,
    /// `unusable`, `malformed`, `unsupported` or `cost_refused`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// The verdict without its reason.
    #[must_use]
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::Match => VerdictKind::Match,
            Self::LossyMatch(_) => VerdictKind::LossyMatch,
            Self::MustChange => VerdictKind::MustChange,
            Self::Mismatch => VerdictKind::Mismatch,
            Self::Locked => VerdictKind::Locked,
            Self::Disabled => VerdictKind::Disabled,
            Self::Expired => VerdictKind::Expired,
            Self::Unusable(_) => VerdictKind::Unusable,
            Self::Malformed(_) => VerdictKind::Malformed,
            Self::Unsupported(_) => VerdictKind::Unsupported,
            Self::CostRefused(_) => VerdictKind::CostRefused,
        }
    }

    /// The reason as a sentence; empty for a plain match or mismatch, and for an answer of a legacy system. Never contains a part of the password or the hash.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Match | Self::MustChange | Self::Mismatch | Self::Locked | Self::Disabled | Self::Expired => "",
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
    /// The stored credential is malformed.
    pub(crate) fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed(why.into())
    }

    /// The scheme is not supported.
    pub(crate) fn unsupported(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unsupported(why.into())
    }

    /// No password can match.
    pub(crate) fn unusable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unusable(why.into())
    }

    /// The check is too expensive.
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
        assert_eq!(Verdict::match_if(true).with_loss(Some(Lossy::Case)), Verdict::LossyMatch(Lossy::Case));
        assert_eq!(Verdict::match_if(true).with_loss(None), Verdict::Match);
        assert_eq!(Verdict::match_if(false).with_loss(Some(Lossy::Case)), Verdict::Mismatch);
    }

    #[test]
    fn a_problem_is_not_a_match() {
        for problem in [Problem::unusable("u"), Problem::malformed("m"), Problem::unsupported("s"), Problem::cost("c")]
        {
            let why = problem.to_string();
            let verdict = Verdict::from(problem);
            assert!(!verdict.is_match());
            assert_eq!(verdict.why(), why);
        }
    }
}
