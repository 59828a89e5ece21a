//! Calls that a product signs: each is admitted once, and only for a few minutes.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::dialect::OpenContext;
use crate::callers::{Callers, counts};
pub(super) use crate::callers::{Counts, digest};
use crate::ports::{Clock, Nonces};

/// Admits what counts once, for all instances.
pub(super) struct Once {
    nonces: Arc<dyn Nonces>,
    clock: Arc<dyn Clock>,
}

impl Once {
    /// How far the time of a call may be off, in seconds.
    pub const WINDOW: i64 = Callers::WINDOW;

    pub fn new(cx: &OpenContext<'_>) -> Self {
        Self { nonces: Arc::clone(&cx.nonces), clock: Arc::clone(&cx.clock) }
    }

    /// Whether a time is within the window.
    pub fn is_recent(&self, at: Timestamp) -> bool {
        // whole seconds, as products sign them
        self.clock.now().as_second().abs_diff(at.as_second()) <= Self::WINDOW.unsigned_abs()
    }

    /// Whether something with this id, made at this time, counts: not if it is too old or too far in the future. Ask only for what is authentic, so that strangers cannot
    /// fill the memory.
    pub async fn counts(&self, domain: &str, id: &[&[u8]], made_at: Timestamp) -> Counts {
        if !self.is_recent(made_at) {
            return Counts::No;
        }
        counts(&*self.nonces, digest(domain, id), made_at, self.clock.now()).await
    }
}

/// Whether a tag is the HMAC-SHA-256 (RFC 2104) of parts under a key; in constant time.
pub(super) fn is_hmac(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    // HMAC accepts keys of any length
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(tag).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::memory::MemoryLedger;
    use crate::ports::{BoxFuture, Fresh, Nonce, PortError, PortErrorKind};

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(self.0).unwrap()
        }
    }

    struct Down;

    impl Nonces for Down {
        fn remember<'a>(&'a self, _: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
            Box::pin(async { Err(PortError::new(PortErrorKind::Unavailable, "ledger", "remember")) })
        }
    }

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn everything_counts_once_and_only_within_the_window() {
        let once = Once { nonces: Arc::new(MemoryLedger::new()), clock: Arc::new(At(NOW)) };
        for (offset, wanted) in
            [(-301, Counts::No), (-300, Counts::Yes), (0, Counts::Yes), (300, Counts::Yes), (301, Counts::No)]
        {
            let id = offset.to_string();
            assert_eq!(once.counts("test", &[id.as_bytes()], at(NOW + offset)).await, wanted, "{offset}");
            assert_eq!(once.counts("test", &[id.as_bytes()], at(NOW + offset)).await, Counts::No, "{offset}, again");
        }
        assert_eq!(once.counts("test", &[b"a", b"bc"], at(NOW)).await, Counts::Yes);
        assert_eq!(once.counts("test", &[b"ab", b"c"], at(NOW)).await, Counts::Yes);
        assert_eq!(once.counts("other", &[b"a", b"bc"], at(NOW)).await, Counts::Yes);
    }

    #[tokio::test]
    async fn nothing_counts_while_it_cannot_be_remembered() {
        let once = Once { nonces: Arc::new(Down), clock: Arc::new(At(NOW)) };
        assert_eq!(once.counts("test", &[b"a"], at(NOW)).await, Counts::Unknown);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_as_published() {
        let tag = hex::decode("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843").unwrap();
        let parts: &[&[u8]] = &[b"what do ya ", b"want for nothing?"];
        assert!(is_hmac(b"Jefe", parts, &tag));
        assert!(!is_hmac(b"Jefe", parts, tag.get(..16).unwrap()));
        assert!(!is_hmac(b"Jefe", parts, b""));
        assert!(!is_hmac(b"jefe", parts, &tag));
    }
}
