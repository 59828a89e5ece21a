//! Parsed stored hashes, whose cost is known before anything is computed.

use zeroize::Zeroizing;

use super::lane::Workspace;
use super::length::HashLength;
use super::limits::Cost;
use super::verdict::{Problem, Verdict};

/// The result of a parser.
pub(crate) type ParseResult = Result<Box<dyn StoredHash>, Problem>;

/// A stored hash of one scheme.
///
/// `check` is only called if the [`Cost`] is within the limits, so it may trust its own parameters.
pub(crate) trait StoredHash: Send + Sync {
    /// The cost of one check.
    fn cost(&self) -> Cost;

    /// The length of the stored hash.
    fn length(&self) -> HashLength;

    /// Verifies a password.
    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict;

    /// The stored text in canonical form; `None` for credentials in named parts.
    fn canonical(&self) -> Option<String> {
        None
    }

    /// Whether it ignores part of an ordinary password, so that a match may well be a lossy one.
    fn ignores_part(&self) -> bool {
        false
    }
}

/// The input of a check.
pub(crate) struct Attempt<'a> {
    /// The password as presented, or as transformed by the scheme.
    pub password: &'a [u8],
    /// Work memory.
    pub workspace: &'a mut Workspace,
}

/// Transforms the password before its inner hash is checked; or returns a verdict if no such password can exist.
pub(crate) type Prepare = Box<dyn Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>, Verdict> + Send + Sync>;

/// A hash of a transformed password: peppered, digested or normalized.
pub(crate) struct Prepared {
    /// The transformation.
    pub prepare: Prepare,
    /// How many digests the transformation calls.
    pub calls: u64,
    /// The hash of the transformed password.
    pub inner: Box<dyn StoredHash>,
    /// The prefix of the inner text, if there is a text.
    pub prefix: Option<String>,
}

impl Prepared {
    /// A hash of a transformed password, without a text.
    pub fn boxed(inner: Box<dyn StoredHash>, prepare: Prepare) -> Box<dyn StoredHash> {
        Box::new(Self { prepare, calls: 1, inner, prefix: None })
    }
}

impl StoredHash for Prepared {
    fn cost(&self) -> Cost {
        // The cost of a few digests is negligible beside any inner hash.
        if self.calls < 100 {
            self.inner.cost()
        } else {
            Cost::Several(vec![Cost::Digests(self.calls), self.inner.cost()])
        }
    }

    fn length(&self) -> HashLength {
        self.inner.length()
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        match (self.prepare)(attempt.password) {
            Ok(password) => self.inner.check(&mut Attempt { password: &password, workspace: attempt.workspace }),
            Err(verdict) => verdict,
        }
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}", self.prefix.as_ref()?, self.inner.canonical()?))
    }

    fn ignores_part(&self) -> bool {
        self.inner.ignores_part()
    }
}

/// A hash whose text has a prefix: `{CRYPT}`, `{bcrypt}`, `argon2`.
pub(crate) struct Wrapped {
    /// The prefix as stored.
    pub prefix: String,
    /// The hash after it.
    pub inner: Box<dyn StoredHash>,
}

impl StoredHash for Wrapped {
    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn length(&self) -> HashLength {
        self.inner.length()
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        self.inner.check(attempt)
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}", self.prefix, self.inner.canonical()?))
    }

    fn ignores_part(&self) -> bool {
        self.inner.ignores_part()
    }
}

/// Plain text, compared directly.
pub(crate) struct PlainText {
    /// The prefix as stored.
    pub prefix: String,
    /// The stored password.
    pub text: Zeroizing<String>,
}

impl StoredHash for PlainText {
    fn cost(&self) -> Cost {
        Cost::Plain
    }

    fn length(&self) -> HashLength {
        HashLength::Plain
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        Verdict::match_if(super::encoding::same(self.text.as_bytes(), attempt.password))
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}", self.prefix, *self.text))
    }
}

/// A hash with a text that its core cannot print.
pub(crate) struct Printed {
    /// The text in canonical form.
    pub printed: String,
    /// The hash.
    pub inner: Box<dyn StoredHash>,
}

impl StoredHash for Printed {
    fn cost(&self) -> Cost {
        self.inner.cost()
    }

    fn length(&self) -> HashLength {
        self.inner.length()
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        self.inner.check(attempt)
    }

    fn canonical(&self) -> Option<String> {
        Some(self.printed.clone())
    }

    fn ignores_part(&self) -> bool {
        self.inner.ignores_part()
    }
}

impl Printed {
    /// A hash with its text.
    pub fn boxed(printed: String, inner: ParseResult) -> ParseResult {
        Ok(Box::new(Self { printed, inner: inner? }))
    }
}

/// A text that several schemes may have written: a match under any of them is a match.
pub(crate) struct AnyOf(pub Vec<Box<dyn StoredHash>>);

impl StoredHash for AnyOf {
    fn cost(&self) -> Cost {
        Cost::Several(self.0.iter().map(|stored| stored.cost()).collect())
    }

    fn length(&self) -> HashLength {
        self.0.iter().map(|stored| stored.length()).fold(HashLength::Plain, HashLength::min)
    }

    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict {
        let mut verdict = Verdict::Mismatch;
        for stored in &self.0 {
            verdict = stored.check(attempt);
            if verdict.is_match() {
                break;
            }
        }
        verdict
    }

    fn ignores_part(&self) -> bool {
        self.0.iter().any(|stored| stored.ignores_part())
    }
}
