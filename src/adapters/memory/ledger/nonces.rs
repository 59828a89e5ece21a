//! The memory of signed calls, with the same behaviour as in the file.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use super::MemoryLedger;
use crate::adapters::ledgers::{MAX_CALLS, NONCE_SWEEP, micros, remembered};
use crate::ports::{BoxFuture, Fresh, Nonce, Nonces, PortError};

/// The calls that were accepted.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    digests: HashSet<[u8; 16]>,
    signed: BTreeSet<(i64, [u8; 16])>,
    forgotten: i64,
}

impl Remembered {
    fn remember(&mut self, nonce: &Nonce) -> Option<Fresh> {
        for _ in 0..NONCE_SWEEP {
            let Some((signed_at, digest)) = self.signed.first().copied() else { break };
            if signed_at >= micros(nonce.forget_before) {
                break;
            }
            self.forgotten = self.forgotten.max(signed_at);
            self.digests.remove(&digest);
            self.signed.remove(&(signed_at, digest));
        }
        if micros(nonce.signed_at) <= self.forgotten {
            return Some(Fresh::Forgotten);
        }
        if !u32::try_from(self.digests.len()).is_ok_and(|held| held <= MAX_CALLS) {
            return None;
        }
        if !self.digests.insert(nonce.digest) {
            return Some(Fresh::Seen);
        }
        self.signed.insert((micros(nonce.signed_at), nonce.digest));
        Some(Fresh::First)
    }
}

impl Nonces for MemoryLedger {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        let answer = self.nonces.lock().unwrap_or_else(PoisonError::into_inner).remember(nonce);
        Box::pin(std::future::ready(remembered(answer)))
    }
}
