//! What was noticed about live records beside the logins: differences of candidate rules, and records of another shape.

use jiff::Timestamp;

use super::{BoxFuture, Event, PortError};

/// What an observation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObservationKind {
    /// Candidate rules make something else of a record than the active ones.
    Shadow,
    /// Records have another shape than when they were assessed.
    Drift,
}

impl ObservationKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Shadow, Self::Drift];

    /// Its name in ledgers and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Drift => "drift",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What identifies an observation. It contains no value of a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationKey {
    /// What it is about.
    pub kind: ObservationKind,
    /// The name of the source.
    pub source: String,
    /// What live records were compared with: the hashes of rules, or the digest of an assessment.
    pub about: String,
    /// The claim or field.
    pub name: String,
    /// What happened to it.
    pub change: String,
}

/// How often something was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What was noticed.
    pub key: ObservationKey,
    /// How often since it was last noted.
    pub count: u64,
    /// Keyed digests of the customers that show it, the newest first, as in the audit.
    pub customers: Vec<String>,
    /// The event to send if this was never noted before; it becomes durable together with the note.
    pub event: Option<Event>,
}

/// An observation as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// What was noticed.
    pub key: ObservationKey,
    /// How often.
    pub count: u64,
    /// When first.
    pub first_at: Timestamp,
    /// When last.
    pub last_at: Timestamp,
    /// Keyed digests of customers that show it, the newest first.
    pub customers: Vec<String>,
}

/// Keeps observations for all instances that share a ledger. No login waits for it. A count may be added twice if a
/// database does not answer a commit.
pub trait Observations: Send + Sync {
    /// Adds to the counts. Observations that nobody made for a month before `at` are removed if they are
    /// [`Shadow`](ObservationKind::Shadow): their rules are gone.
    fn note<'a>(&'a self, observations: &'a [Observation], at: Timestamp) -> BoxFuture<'a, Result<(), PortError>>;

    /// All observations, ordered by their keys.
    fn observed(&self) -> BoxFuture<'_, Result<Vec<Observed>, PortError>>;
}
