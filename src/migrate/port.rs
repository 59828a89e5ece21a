//! What every port has in common: futures that are boxed, and an error that says what the caller needs to know.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// A boxed future, so that ports are object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What kind of failure a port had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// Not reachable, closed, or too slow.
    Unavailable,
    /// It asks us to come back later.
    RateLimited,
    /// It does not let us in: our own credentials, not the customer's.
    Denied,
    /// Our settings cannot work.
    Misconfigured,
    /// It answered something that is no answer.
    BadResponse,
    /// It holds something that contradicts what we want to write.
    Conflict,
    /// It cannot do what was asked.
    Unsupported,
}

impl PortErrorKind {
    /// The name in logs, metrics and the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::Denied => "denied",
            Self::Misconfigured => "misconfigured",
            Self::BadResponse => "bad_response",
            Self::Conflict => "conflict",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What a failure says something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The adapter and what is behind it.
    Adapter,
    /// One record; others may be fine.
    Record,
}

/// A failure of a port. It never carries a value of a customer.
pub struct PortError {
    kind: PortErrorKind,
    temporary: bool,
    about: About,
    adapter: String,
    operation: &'static str,
    detail: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl PortError {
    /// A failure of `operation` at `adapter`. [`PortErrorKind::Unavailable`] and [`PortErrorKind::RateLimited`] are temporary.
    #[must_use]
    pub fn new(kind: PortErrorKind, adapter: impl Into<String>, operation: &'static str) -> Self {
        let temporary = matches!(kind, PortErrorKind::Unavailable | PortErrorKind::RateLimited);
        Self {
            kind,
            temporary,
            about: About::Adapter,
            adapter: adapter.into(),
            operation,
            detail: String::new(),
            source: None,
        }
    }

    /// Adds one sentence for the operator, without values of customers.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds the error behind it. Its text is shown to operators, so it must not hold values of customers.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says that one record is at fault, and the adapter well: whoever can cause such a failure must not be able to have the
    /// adapter left alone for everybody.
    #[must_use]
    pub fn about_one_record(mut self) -> Self {
        self.about = About::Record;
        self
    }

    /// Whether one record is at fault, and the adapter well.
    #[must_use]
    pub fn is_about_one_record(&self) -> bool {
        self.about == About::Record
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> PortErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// The adapter, by its name in the settings.
    #[must_use]
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// What the operator is told beside the kind; empty when there is nothing.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What was tried, such as `fetch`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{}` failed: {}", self.operation, self.adapter, self.kind.name())?;
        if !self.detail.is_empty() {
            write!(f, ", {}", self.detail)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for PortError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
