//! The bounds of the memory of signed calls.

use crate::ports::{Fresh, PortError, PortErrorKind};

/// The maximum number of remembered calls, about 100 bytes each on disk. Stops a caller from filling the disk; a call
/// is remembered for at most 15 minutes, so a sustained 2,200 calls per second are accepted.
pub(in crate::adapters) const MAX_CALLS: u32 = 2_000_000;

/// How many old calls each new one removes. More than one, so that an earlier burst is cleared.
pub(in crate::adapters) const NONCE_SWEEP: u32 = 8;

/// The answer for a call, `None` if there was no room to remember it.
pub(in crate::adapters) fn remembered(remembered: Option<Fresh>) -> Result<Fresh, PortError> {
    remembered.ok_or_else(|| {
        PortError::new(PortErrorKind::RateLimited, "ledger", "remember")
            .because("the limit of remembered signed calls is reached")
    })
}
