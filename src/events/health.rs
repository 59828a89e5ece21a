//! The health of a receiver, which limits how much it is sent.

use std::time::Duration;

use tokio::time::Instant;

use super::webhooks::Posted;

/// How many events are sent to one receiver concurrently. Stops a receiver that hangs from occupying ever more
/// connections; at 50 ms each, eight are 160 events a second.
pub(super) const IN_FLIGHT: usize = 8;

/// After this many consecutive failures the receiver counts as down; fewer may be the fault of single events.
const DOWN: u32 = 8;

/// The first pause for a receiver that is down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. A receiver that has recovered waits at most this long for its next event.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The failures of a receiver since its last success.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u32,
    paused_until: Option<Instant>,
}

impl Health {
    /// Records the result of a post.
    pub(super) fn record(&mut self, posted: Posted) {
        match posted {
            Posted::Accepted => *self = Self::default(),
            Posted::Failed => {
                self.failures = self.failures.saturating_add(1);
                self.paused_until = self.pause().map(|pause| Instant::now() + pause);
            }
        }
    }

    /// How many events may be in flight: one at a time while the receiver is down.
    pub(super) fn window(&self) -> usize {
        if self.failures < DOWN { IN_FLIGHT } else { 1 }
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
        let mut health = Health::default();
        for _ in 1..DOWN {
            health.record(Posted::Failed);
            assert_eq!((health.window(), health.remaining_pause()), (IN_FLIGHT, Duration::ZERO));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            health.record(Posted::Failed);
            assert_eq!((health.window(), health.remaining_pause()), (1, Duration::from_secs(seconds)));
        }
        health.failures = u32::MAX;
        health.record(Posted::Failed);
        assert_eq!(health.remaining_pause(), LONGEST_PAUSE);
        tokio::time::advance(LONGEST_PAUSE).await;
        assert_eq!((health.window(), health.remaining_pause()), (1, Duration::ZERO));
        health.record(Posted::Accepted);
        assert_eq!((health.window(), health.remaining_pause()), (IN_FLIGHT, Duration::ZERO));
    }
}
