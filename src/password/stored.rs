//! A stored hash that was understood: its price is known and nothing has been computed yet.

use zeroize::Zeroizing;

use super::lane::Workspace;
use super::length::HashLength;
use super::limits::Cost;
use super::verdict::{Problem, Verdict};

/// What a parser gives.
pub(crate) type Understood = Result<Box<dyn StoredHash>, Problem>;

/// A stored hash of one scheme.
///
/// `check` is called only after the [`Cost`] was found to be within the limits, so it may trust its own parameters.
pub(crate) trait StoredHash: Send + Sync {
    /// The price of one check.
    fn cost(&self) -> Cost;

    /// How much of a hash is stored.
    fn length(&self) -> HashLength;

    /// Does the work.
    fn check(&self, attempt: &mut Attempt<'_>) -> Verdict;

    /// The stored text as the scheme's own writer would print it; `None` for credentials of named parts.
    fn canonical(&self) -> Option<String> {
        None
    }
}

/// One presented password on its way into a check.
pub(crate) struct Attempt<'a> {
    /// The bytes as presented, or as a transformation of the scheme made them.
    pub password: &'a [u8],
    /// Memory to work in.
    pub workspace: &'a mut Workspace,
}

/// What a scheme does to the password before its inner hash sees it; or the verdict, when no such password can exist.
pub(crate) type Prepare = Box<dyn Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>, Verdict> + Send + Sync>;

/// A hash over a transformed password: peppered, digested, normalised.
pub(crate) struct Prepared {
    /// The transformation.
    pub prepare: Prepare,
    /// How many digests the transformation calls.
    pub calls: u64,
    /// The hash of the transformed password.
    pub inner: Box<dyn StoredHash>,
    /// What stands in front of the inner text, when the whole is one text.
    pub prefix: Option<String>,
}

impl Prepared {
    /// A hash over a transformed password, without a text form of its own.
    pub fn boxed(inner: Box<dyn StoredHash>, prepare: Prepare) -> Box<dyn StoredHash> {
        Box::new(Self { prepare, calls: 1, inner, prefix: None })
    }
}

impl StoredHash for Prepared {
    fn cost(&self) -> Cost {
        // The price of a few digests is noise beside any inner hash.
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
}

/// A hash whose text stands behind a prefix: `{CRYPT}`, `{bcrypt}`, `argon2`.
pub(crate) struct Wrapped {
    /// The prefix as stored.
    pub prefix: String,
    /// The hash behind it.
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
}

/// Plain text, compared as it is.
pub(crate) struct PlainText {
    /// What stands in front of it.
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
        Verdict::proof(super::encoding::same(self.text.as_bytes(), attempt.password))
    }

    fn canonical(&self) -> Option<String> {
        Some(format!("{}{}", self.prefix, *self.text))
    }
}

/// A hash with a text that its core does not print itself.
pub(crate) struct Printed {
    /// The text in its usual form.
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
}

impl Printed {
    /// A hash with its text.
    pub fn boxed(printed: String, inner: Understood) -> Understood {
        Ok(Box::new(Self { printed, inner: inner? }))
    }
}

/// A text that several schemes may have written: a proof under any reading is a proof.
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
}
