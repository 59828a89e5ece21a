//! The memory of signed calls: what a ledger must remember so that no call is admitted twice.

use jiff::Timestamp;

use super::port::{BoxFuture, PortError};

/// A signed call, as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce {
    /// A digest of the caller's name and the call's id.
    pub digest: [u8; 16],
    /// When the call was signed, by the caller's clock.
    pub signed_at: Timestamp,
    /// Calls that were signed before this may be forgotten: they are too old to be admitted, by a margin.
    pub forget_before: Timestamp,
}

/// Whether a call is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fresh {
    /// It was not seen before, and is remembered now.
    First,
    /// It was seen.
    Seen,
    /// It cannot be told: calls that were signed later have been forgotten already, because the clock of a process was ahead.
    Forgotten,
}

/// A memory of signed calls, which all processes on one ledger share.
pub trait Nonces: Send + Sync {
    /// Remembers a call. The answer is durable before it is given.
    ///
    /// A call that could not be remembered is an error and must not be admitted; it is not remembered halfway either, so that
    /// the same call may be sent again. The same holds when the answer is not waited for.
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>>;
}
