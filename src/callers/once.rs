//! What counts once: signed calls, and tokens that may not be used again.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::Callers;
use crate::ports::{Fresh, Nonce, Nonces};

/// How many seconds a call is remembered after it is too old to be accepted, so that a clock set back by minutes causes no
/// refusals. The memory itself tolerates any jump.
const MARGIN: i64 = 300;

/// Whether something that counts once counts now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// It does, and never again.
    Yes,
    /// It has counted before.
    No,
    /// Unknown, because the memory gives no answer.
    Unknown,
}

/// Whether something with this digest counts, which it does once, for all instances. It may be forgotten when `signed_at` is
/// long past. Ask only for what is authentic, so that strangers cannot fill the memory.
pub(crate) async fn counts(nonces: &dyn Nonces, digest: [u8; 32], signed_at: Timestamp, now: Timestamp) -> Counts {
    let retention = SignedDuration::from_secs(Callers::WINDOW + MARGIN);
    let forget_before = now.checked_sub(retention).unwrap_or(Timestamp::MIN);
    let Some(digest) = digest.first_chunk().copied() else { return Counts::Unknown };
    match nonces.remember(&Nonce { digest, signed_at, forget_before }).await {
        Ok(Fresh::First) => Counts::Yes,
        Ok(Fresh::Seen) => Counts::No,
        Ok(Fresh::Forgotten) => {
            tracing::error!(
                %signed_at,
                "signed calls cannot be admitted: the clock of a process was ahead, and calls that were signed later have been \
                 forgotten; they are admitted again when the time of that clock has come"
            );
            Counts::Unknown
        }
        Err(error) => {
            tracing::error!(%error, "cannot remember signed calls");
            Counts::Unknown
        }
    }
}

/// SHA-256 over a domain and parts, each preceded by its length, so that no two lists of parts give the same bytes. All digests
/// have the same length, so that comparing them does not reveal the length of a secret.
pub(crate) fn digest(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
