//! How the ledger limits guessing: counters of failures, and reservations of attempts in flight.

use std::time::Duration;

use jiff::Timestamp;

/// A counter of failed attempts in a sliding window.
///
/// A window has [`BUCKETS`](Self::BUCKETS) buckets. A bucket expires as a whole once the window has passed since its
/// end, so a failure counts for the window and at most one bucket more. Nothing extends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted: a prefix and a keyed digest, never a plain identifier or address.
    pub owner: String,
    /// Which of the owner's counters this is; empty for the shared one.
    pub lane: String,
    /// How many failures are allowed within the window.
    pub limit: u32,
    /// How long a failure counts.
    pub window: Duration,
}

impl Counter {
    /// Buckets per window. More buckets are more precise, fewer take less space. A counter never has more rows than its
    /// limit.
    pub const BUCKETS: u32 = 16;
}

/// A password guess, reserved before anything is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The counter that must have room: its failures plus its live reservations never exceed its limit.
    pub counter: Counter,
    /// The keyed digest of the network it comes from. If the owner signed in from there within
    /// [`KNOWN_FOR`](Self::KNOWN_FOR), the network becomes the lane, so that attempts from elsewhere do not fill it.
    pub network: Option<String>,
    /// The current time.
    pub at: Timestamp,
    /// How long the reservation lasts if it is never ended.
    pub hold: Duration,
}

impl Attempt {
    /// How long the network of a sign-in is remembered. Allows for customers who sign in once a month.
    pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// How many of a customer's most recent networks are remembered. Bounds the ledger; allows for home, work and a few
    /// phones.
    pub const KNOWN_NETWORKS: u32 = 8;
}

/// Whether an attempt may proceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// It may, and is in flight until a decision ends it or it expires.
    Admitted(Reservation),
    /// The attempts in flight could use up the remaining allowance; retry once they have ended.
    Busy,
    /// The limit of failures is reached.
    OverLimit,
}

/// An attempt in flight. If it is never ended, it expires and does not count as a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The counter and lane that hold it.
    pub counter: Counter,
    /// Distinguishes it from other reservations on the same counter.
    pub token: i64,
}

/// Whether a counter has room for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It has room.
    Free,
    /// The limit of failures is reached.
    Full,
}

/// How a decision changes counters, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// An attempt is no longer in flight.
    Ended(Reservation),
    /// A counter has one more failure.
    Failed(Counter),
    /// The owner's password was verified or replaced: the failures in all lanes are cleared.
    Cleared(String),
    /// The owner signed in from this network.
    SeenAt {
        /// As in [`Counter::owner`].
        owner: String,
        /// The keyed digest of the network.
        network: String,
    },
}
