//! Statistics of the guards, for health responses and tests; the metrics report the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::breaker::{Breaker, BreakerState};

/// The statistics of the guards of one port. Clones share the same counters.
#[derive(Debug, Clone, Default)]
pub struct GuardFigures {
    counts: Arc<Counts>,
    breaker: Option<Arc<Breaker>>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    retries: AtomicU64,
    late: AtomicU64,
    broken: AtomicU64,
    crowded: AtomicU64,
}

impl GuardFigures {
    /// Statistics of guards with this breaker.
    pub(super) fn new(breaker: Option<Arc<Breaker>>) -> Self {
        Self { counts: Arc::default(), breaker }
    }

    /// Tries that reached the adapter, retries included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.counts.calls.load(Ordering::Relaxed)
    }

    /// Retries.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.counts.retries.load(Ordering::Relaxed)
    }

    /// Tries that exceeded their time limit.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.counts.late.load(Ordering::Relaxed)
    }

    /// Calls rejected by an open breaker.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.counts.broken.load(Ordering::Relaxed)
    }

    /// Calls rejected by the cap.
    #[must_use]
    pub fn crowded(&self) -> u64 {
        self.counts.crowded.load(Ordering::Relaxed)
    }

    /// The state of the breaker; closed if there is none.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.as_ref().map_or(BreakerState::Closed, |breaker| breaker.state())
    }

    pub(super) fn called(&self) {
        self.counts.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn retried(&self) {
        self.counts.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn was_late(&self) {
        self.counts.late.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn was_broken(&self) {
        self.counts.broken.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn was_crowded(&self) {
        self.counts.crowded.fetch_add(1, Ordering::Relaxed);
    }
}
