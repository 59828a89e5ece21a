//! The memory of signed calls: what a ledger must remember so that no call is accepted twice.

use jiff::Timestamp;

use super::{BoxFuture, PortError};

/// A signed call to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce {
    /// A digest of the caller's name and the call's id.
    pub digest: [u8; 16],
    /// When the call was signed, by the caller's clock.
    pub signed_at: Timestamp,
    /// Calls signed before this may be forgotten: they are too old to be accepted, by a margin.
    pub forget_before: Timestamp,
}

/// Whether a call is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fresh {
    /// It is new, and is now remembered.
    First,
    /// It was seen before.
    Seen,
    /// Unknown: calls signed later have already been forgotten, because the clock of a process was ahead.
    Forgotten,
}

/// A memory of signed calls, shared by all processes on one ledger.
pub trait Nonces: Send + Sync {
    /// Remembers a call. The answer is durable before it is returned.
    ///
    /// If a call cannot be remembered, the result is an error and the call must not be accepted. Nothing is remembered
    /// in that case, so the same call may be sent again. The same holds if the future is dropped.
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>>;
}
