//! What the ledger keeps against guessing: failures in counters, and attempts in flight as reservations.

use std::time::Duration;

use jiff::Timestamp;

/// A counter of failed attempts in a sliding window.
///
/// A window has [`BUCKETS`](Self::BUCKETS) buckets, and a bucket is forgotten as a whole when the window has passed since its
/// end: a failure is remembered for the window, and for at most one bucket more. Nothing renews it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What it counts: a word and a keyed digest, never a plain identifier or address.
    pub whose: String,
    /// Which counter of the same owner; empty for the one that everybody shares.
    pub lane: String,
    /// How many failures are admitted within the window.
    pub limit: u32,
    /// How long a failure counts.
    pub window: Duration,
}

impl Counter {
    /// Buckets of a window. More remember more exactly; fewer take less space. A counter never has more rows than its limit.
    pub const BUCKETS: u32 = 16;
}

/// A guess at a password that is reserved before anything is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The counter that must have room for it: its failures and its live reservations never pass its limit.
    pub counter: Counter,
    /// The keyed digest of the network it comes from. When the counter's owner signed in from there within
    /// [`KNOWN_FOR`](Self::KNOWN_FOR), the network is the lane, so that nobody elsewhere fills it.
    pub network: Option<String>,
    /// Now.
    pub at: Timestamp,
    /// How long the reservation holds when nobody ends it.
    pub hold: Duration,
}

impl Attempt {
    /// How long the network of a sign-in is remembered. Admits people who sign in once a month.
    pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    /// How many networks of one customer are remembered, the latest. Bounds the ledger; admits home, work and a few phones.
    pub const KNOWN_NETWORKS: u32 = 8;
}

/// Whether an attempt may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// It may, and is in flight until a decision ends it or its time has passed.
    Admitted(Reservation),
    /// The attempts in flight may use up what is left: it may go on when they have ended and were no failures.
    Busy,
    /// There are as many failures as are admitted.
    OverLimit,
}

/// An attempt in flight. One that nobody ends expires by itself and was no failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The counter it is held on, with the lane that was taken.
    pub counter: Counter,
    /// Tells it from others on the same counter.
    pub token: i64,
}

/// Whether a counter admits another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It does.
    Free,
    /// There are as many failures as are admitted.
    Full,
}

/// What a decision changes about counters, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// An attempt is no longer in flight.
    Ended(Reservation),
    /// A counter has one failure more.
    Failed(Counter),
    /// The owner of these counters verified the password, or was given a new one: no lane has a failure any more.
    Cleared(String),
    /// The owner of these counters signed in from this network.
    SeenAt {
        /// As in [`Counter::whose`].
        whose: String,
        /// Keyed digest of the network.
        network: String,
    },
}
