//! The memory of signed calls of every ledger. Each case runs against the file, in memory, and against PostgreSQL.

use jiff::{SignedDuration, Timestamp};

use super::ledger::{every_ledger, open};
use crate::ports::{Fresh, Nonce, Nonces};

every_ledger! {
    a_call_is_first_only_once
    clock_jumps_do_not_readmit_a_call
}

/// The current second.
pub(in crate::adapters) const NOW: i64 = 1_800_000_000;

pub(in crate::adapters) fn nonce(number: u32, signed_at: i64, now: i64) -> Nonce {
    let mut digest = [7; 16];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    let at = |second| Timestamp::from_second(second).unwrap();
    Nonce { digest, signed_at: at(signed_at), forget_before: at(now) - SignedDuration::from_secs(600) }
}

pub(in crate::adapters) async fn remember(nonces: &dyn Nonces, number: u32, signed_at: i64, now: i64) -> Fresh {
    nonces.remember(&nonce(number, signed_at, now)).await.unwrap()
}

async fn a_call_is_first_only_once(nonces: &dyn Nonces) {
    assert_eq!(remember(nonces, 1, NOW, NOW).await, Fresh::First);
    assert_eq!(remember(nonces, 1, NOW, NOW + 299).await, Fresh::Seen);
    assert_eq!(
        remember(nonces, 1, NOW + 100, NOW + 299).await,
        Fresh::Seen,
        "the id counts, whatever the signing time"
    );
    assert_eq!(remember(nonces, 2, NOW, NOW).await, Fresh::First);
}

async fn clock_jumps_do_not_readmit_a_call(nonces: &dyn Nonces) {
    for number in 0..20 {
        assert_eq!(remember(nonces, number, NOW, NOW).await, Fresh::First);
    }
    // The clock is a day ahead for a moment, so the remembered calls are forgotten.
    for number in 100..110 {
        assert_eq!(remember(nonces, number, NOW + 86_400, NOW + 86_400).await, Fresh::First);
    }
    for number in 0..20 {
        assert_eq!(remember(nonces, number, NOW, NOW + 1).await, Fresh::Forgotten);
    }
    assert_eq!(remember(nonces, 200, NOW + 1, NOW + 1).await, Fresh::First, "later calls are accepted");
}
