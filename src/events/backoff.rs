//! The wait before a failed event is sent again.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

/// The first wait. Long enough for the receiver to restart.
const FIRST: Duration = Duration::from_secs(5);

/// The longest wait before jitter. With jitter, a wait is at most an hour.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// The wait after a number of attempts: 5 s, doubled each time, plus up to the same amount of jitter, so that events
/// that failed together are not sent together again.
pub(super) fn wait(attempts: u32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(64);
    let waits = ExponentialBuilder::new().with_min_delay(FIRST).with_max_delay(LONGEST).with_factor(2.0);
    waits.without_max_times().with_jitter().build().nth(index).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        for (attempts, least, most) in [
            (0, 5, 10),
            (1, 5, 10),
            (2, 10, 20),
            (3, 20, 40),
            (9, 1280, 2560),
            (10, 1800, 3600),
            (4_000_000_000, 1800, 3600),
        ] {
            let wait = wait(attempts);
            assert!((Duration::from_secs(least)..=Duration::from_secs(most)).contains(&wait), "{attempts} {wait:?}");
        }
    }
}
