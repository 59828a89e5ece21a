//! How a receiver has done lately, and so how much it is sent.

use std::time::Duration;

use tokio::time::Instant;

use super::webhooks::Posted;

/// How many events one receiver is sent at the same time. Stops a receiver that hangs from holding connections without end;
/// at 50 ms each, eight are 160 events a second.
pub(super) const IN_FLIGHT: usize = 8;

/// After so many failures in a row the receiver is down, and not only an event bad.
const DOWN: u32 = 8;

/// The first pause of a receiver that is down.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. A receiver that is back waits no longer than this for its next event.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How a receiver has done since its last success.
#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u32,
    paused_until: Option<Instant>,
}

impl Health {
    /// Takes note of an answer.
    pub(super) fn note(&mut self, posted: Posted) {
        match posted {
            Posted::Accepted => *self = Self::default(),
            Posted::Refused => {
                self.failures = self.failures.saturating_add(1);
                self.paused_until = self.pause().map(|pause| Instant::now() + pause);
            }
        }
    }

    /// How many events may be under way: one by one while it is down.
    pub(super) fn window(&self) -> usize {
        if self.failures < DOWN { IN_FLIGHT } else { 1 }
    }

    /// How long it is still left alone.
    pub(super) fn rest(&self) -> Duration {
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
    async fn a_receiver_that_is_down_is_asked_now_and_then() {
        let mut health = Health::default();
        for _ in 1..DOWN {
            health.note(Posted::Refused);
            assert_eq!((health.window(), health.rest()), (IN_FLIGHT, Duration::ZERO));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            health.note(Posted::Refused);
            assert_eq!((health.window(), health.rest()), (1, Duration::from_secs(seconds)));
        }
        health.failures = u32::MAX;
        health.note(Posted::Refused);
        assert_eq!(health.rest(), LONGEST_PAUSE);
        tokio::time::advance(LONGEST_PAUSE).await;
        assert_eq!((health.window(), health.rest()), (1, Duration::ZERO));
        health.note(Posted::Accepted);
        assert_eq!((health.window(), health.rest()), (IN_FLIGHT, Duration::ZERO));
    }
}
