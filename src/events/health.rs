//! The health of a receiver, which limits how much it is sent.

use std::time::Duration;

use tokio::time::Instant;

/// After this many consecutive failures the receiver counts as down; fewer may be the fault of single events.
const DOWN: u32 = 8;

/// The first pause for a receiver that is down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. A receiver that has recovered waits at most this long for its next event.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The failures of a receiver since its last success.
#[derive(Debug)]
pub(super) struct Health {
    /// How many events may be in flight while the receiver works.
    most: usize,
    failures: u32,
    paused_until: Option<Instant>,
}

impl Health {
    /// A receiver that is sent so many events concurrently.
    pub(super) fn new(most: usize) -> Self {
        Self { most, failures: 0, paused_until: None }
    }

    /// Records whether the receiver answered.
    pub(super) fn record(&mut self, was_answered: bool) {
        match was_answered {
            true => *self = Self::new(self.most),
            false => {
                self.failures = self.failures.saturating_add(1);
                self.paused_until = self.pause().map(|pause| Instant::now() + pause);
            }
        }
    }

    /// How many events may be in flight: one at a time while the receiver is down.
    pub(super) fn window(&self) -> usize {
        if self.failures < DOWN { self.most } else { 1 }
    }

    /// How long the receiver is still paused.
    pub(super) fn remaining_pause(&self) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    fn pause(&self) -> Option<Duration> {
        let doubled = self.failures.checked_sub(DOWN)?.min(16);
        Some(FIRST_PAUSE.saturating_mul(1 << doubled).min(LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_receiver_that_is_down_is_tried_with_growing_pauses() {
        let mut health = Health::new(8);
        for _ in 1..DOWN {
            health.record(false);
            assert_eq!((health.window(), health.remaining_pause()), (8, Duration::ZERO));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            health.record(false);
            assert_eq!((health.window(), health.remaining_pause()), (1, Duration::from_secs(seconds)));
        }
        health.failures = u32::MAX;
        health.record(false);
        assert_eq!(health.remaining_pause(), LONGEST_PAUSE);
        tokio::time::advance(LONGEST_PAUSE).await;
        assert_eq!((health.window(), health.remaining_pause()), (1, Duration::ZERO));
        health.record(true);
        assert_eq!((health.window(), health.remaining_pause()), (8, Duration::ZERO));
    }
}
