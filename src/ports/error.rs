//! What all ports share: boxed futures, and an error that tells the caller what it needs to know.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;

/// A boxed future, which keeps ports object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a port failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// Not reachable, closed, or too slow.
    Unavailable,
    /// It asked us to retry later.
    RateLimited,
    /// It rejected our own credentials, not the customer's.
    Denied,
    /// Our settings are wrong.
    Misconfigured,
    /// Its response cannot be used.
    BadResponse,
    /// It holds data that contradicts what we want to write.
    Conflict,
    /// Its password policy refuses the password.
    PasswordRefused,
    /// It does not support the operation.
    Unsupported,
}

impl PortErrorKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Unavailable,
        Self::RateLimited,
        Self::Denied,
        Self::Misconfigured,
        Self::BadResponse,
        Self::Conflict,
        Self::PasswordRefused,
        Self::Unsupported,
    ];

    /// The name used in logs, metrics and the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::Denied => "denied",
            Self::Misconfigured => "misconfigured",
            Self::BadResponse => "bad_response",
            Self::Conflict => "conflict",
            Self::PasswordRefused => "password_refused",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The adapter and the system behind it.
    Adapter,
    /// A single record; others may be fine.
    Record,
    /// The work of this process.
    Here,
}

/// A failure of a port. It never carries customer data.
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
    /// A failure of `operation` at `adapter`. [`PortErrorKind::Unavailable`] and [`PortErrorKind::RateLimited`] are
    /// temporary.
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

    /// Adds one sentence for the operator, without customer data.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds the underlying error. Its text is shown to operators, so it must not contain customer data.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Marks that the same call may succeed later, whatever kind of failure it is.
    #[must_use]
    pub fn temporarily(mut self) -> Self {
        self.temporary = true;
        self
    }

    /// Marks the failure as the fault of one record while the adapter works. Such a failure must not open the circuit
    /// breaker: otherwise anybody who can cause it could cut off the adapter for everyone.
    #[must_use]
    pub fn about_one_record(mut self) -> Self {
        self.about = About::Record;
        self
    }

    /// Whether a single record is at fault while the adapter works.
    #[must_use]
    pub fn is_about_one_record(&self) -> bool {
        self.about == About::Record
    }

    /// Marks the failure as the fault of this process, such as too many hashes at a time. It says nothing about the
    /// adapter that was called.
    #[must_use]
    pub fn about_this_process(mut self) -> Self {
        self.about = About::Here;
        self
    }

    /// Whether this process is at fault, whatever adapter was called.
    #[must_use]
    pub fn is_about_this_process(&self) -> bool {
        self.about == About::Here
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> PortErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// The name of the adapter in the settings.
    #[must_use]
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// Details for the operator; empty if there are none.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The operation that failed, such as `fetch`.
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
