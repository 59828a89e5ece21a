//! How fast a bulk creation goes: it slows down when the target asks for it, and waits while something is down.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::ports::{PortError, PortErrorKind};

/// The shortest and longest pause after a failure.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(10);

/// The longest time between two attempts after a target has asked for less. Products take a call per second at least.
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// How often one record is tried while others succeed. Stops one account that the target cannot take from being tried
/// forever; admits several short outages.
const TRIES: u32 = 8;

/// How many records in a row may fail for reasons that waiting does not change. Stops a run whose requests are all wrong
/// from going through a million records; admits a few bad ones next to each other.
const FAILURES: u32 = 20;

/// The pace of all records in progress.
pub(super) struct Pace {
    state: Mutex<State>,
    patience: Duration,
}

struct State {
    /// When the next attempt may begin.
    next: Instant,
    /// The time between two attempts; zero unless the target has asked for less.
    gap: Duration,
    /// The next pause.
    pause: Duration,
    /// When the last pause began: attempts that did not begin after it say nothing new.
    paused_at: Option<Instant>,
    /// Since when nothing has worked.
    failing_since: Option<Instant>,
    /// How many attempts had succeeded when the gap was last made longer. While nothing succeeds, the pauses grow alone.
    slowed_at: Option<u64>,
    /// Records in a row that failed for good.
    failures: u32,
    successes: u64,
}

/// How often a record was tried.
#[derive(Debug, Default)]
pub(super) struct Tries {
    count: u32,
    /// How many attempts had succeeded at the last try.
    successes: u64,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The same is tried again.
    Again,
    /// The record has failed; others go on.
    Skip,
    /// Nothing works any more.
    Stop,
}

impl Pace {
    pub(super) fn new(patience: Duration) -> Self {
        let state = State {
            next: Instant::now(),
            gap: Duration::ZERO,
            pause: SHORTEST,
            paused_at: None,
            failing_since: None,
            slowed_at: None,
            failures: 0,
            successes: 0,
        };
        Self { state: Mutex::new(state), patience }
    }

    /// Waits for the turn of an attempt, and returns when it began.
    pub(super) async fn turn(&self) -> Instant {
        let turn = {
            let mut state = self.state();
            let turn = state.next.max(Instant::now());
            if !state.gap.is_zero() {
                state.next = turn + state.gap;
            }
            turn
        };
        if turn > Instant::now() {
            sleep_until(turn).await;
        }
        Instant::now()
    }

    /// An attempt has ended.
    pub(super) fn succeeded(&self) {
        let mut state = self.state();
        state.successes += 1;
        (state.failures, state.failing_since, state.pause) = (0, None, SHORTEST);
        let gap = state.gap.mul_f64(0.95);
        state.gap = if gap < Duration::from_micros(500) { Duration::ZERO } else { gap };
    }

    /// An attempt that began at this time has failed. `asked` is the pause that the target has asked for.
    pub(super) fn failed(&self, began: Instant, error: &PortError, tries: &mut Tries, asked: Option<Duration>) -> Next {
        let mut state = self.state();
        if !error.is_temporary() {
            state.failures += 1;
            let is_hopeless = matches!(error.kind(), PortErrorKind::Misconfigured | PortErrorKind::Denied);
            return if is_hopeless || state.failures >= FAILURES { Next::Stop } else { Next::Skip };
        }
        let now = Instant::now();
        state.pause(began, now, asked, error.kind());
        // A target that asks for a pause works.
        if error.kind() == PortErrorKind::RateLimited {
            return Next::Again;
        }
        let since = *state.failing_since.get_or_insert(now);
        if now.duration_since(since) >= self.patience {
            return Next::Stop;
        }
        // While nobody succeeds it is an outage, and no fault of this record.
        if state.successes > tries.successes {
            (tries.count, tries.successes) = (tries.count + 1, state.successes);
        }
        if tries.count >= TRIES { Next::Skip } else { Next::Again }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Pauses everybody, longer from time to time, but only once for all attempts that were in progress.
    fn pause(&mut self, began: Instant, now: Instant, asked: Option<Duration>, kind: PortErrorKind) {
        if self.paused_at.is_some_and(|at| began <= at) {
            return;
        }
        self.paused_at = Some(now);
        self.next = self.next.max(now + asked.unwrap_or(self.pause));
        self.pause = (self.pause * 2).min(LONGEST);
        if kind == PortErrorKind::RateLimited && self.slowed_at != Some(self.successes) {
            self.slowed_at = Some(self.successes);
            self.gap = (self.gap * 2).clamp(SHORTEST, LONGEST_GAP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: PortErrorKind) -> PortError {
        PortError::new(kind, "crm", "create")
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_limit_slows_everybody_down_once_and_successes_speed_up_again() {
        let (pace, mut tries) = (Pace::new(PATIENCE), Tries::default());
        let (first, second) = (pace.turn().await, pace.turn().await);
        assert_eq!(first, second, "nothing waits before a failure");
        for began in [first, second] {
            assert_eq!(pace.failed(began, &error(PortErrorKind::RateLimited), &mut tries, None), Next::Again);
        }
        let turns = [pace.turn().await, pace.turn().await, pace.turn().await];
        let waited: Vec<u128> = turns.iter().map(|turn| turn.duration_since(first).as_millis()).collect();
        assert_eq!(waited, [10, 20, 30], "the pause, and then one after another");
        (0..100).for_each(|_| pace.succeeded());
        let (one, other) = (pace.turn().await, pace.turn().await);
        assert!(other.duration_since(one) < Duration::from_millis(1));
    }

    /// A target that refuses everything for a time, and then works again, is soon asked at full speed.
    #[tokio::test(start_paused = true)]
    async fn a_run_recovers_from_limits_without_a_time() {
        let (pace, mut tries) = (Pace::new(PATIENCE), Tries::default());
        for _ in 0..40 {
            let began = pace.turn().await;
            assert_eq!(pace.failed(began, &error(PortErrorKind::RateLimited), &mut tries, None), Next::Again);
        }
        let began = pace.turn().await;
        for _ in 0..100 {
            pace.turn().await;
            pace.succeeded();
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_the_target_asked_for_is_kept() {
        let (pace, mut tries) = (Pace::new(PATIENCE), Tries::default());
        let began = pace.turn().await;
        let asked = Some(Duration::from_secs(300));
        assert_eq!(pace.failed(began, &error(PortErrorKind::RateLimited), &mut tries, asked), Next::Again);
        assert_eq!(pace.turn().await.duration_since(began), Duration::from_secs(300));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_waited_for_and_ends_the_run_when_it_lasts() {
        let (pace, mut tries) = (Pace::new(PATIENCE), Tries::default());
        let began = Instant::now();
        let ended = loop {
            let turn = pace.turn().await;
            let next = pace.failed(turn, &error(PortErrorKind::Unavailable), &mut tries, None);
            if next != Next::Again {
                break next;
            }
        };
        assert_eq!(ended, Next::Stop);
        assert!((PATIENCE..PATIENCE + LONGEST * 2).contains(&began.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_fails_while_others_succeed_is_skipped() {
        let (pace, mut tries) = (Pace::new(PATIENCE), Tries::default());
        let mut failed = 0;
        loop {
            pace.succeeded();
            let turn = pace.turn().await;
            failed += 1;
            match pace.failed(turn, &error(PortErrorKind::Unavailable), &mut tries, None) {
                Next::Again => {}
                next => break assert_eq!((next, failed), (Next::Skip, TRIES)),
            }
        }
        let turn = pace.turn().await;
        assert_eq!(pace.failed(turn, &error(PortErrorKind::BadResponse), &mut tries, None), Next::Skip);
        assert_eq!(pace.failed(turn, &error(PortErrorKind::Denied), &mut tries, None), Next::Stop);
        pace.succeeded();
        let ends: Vec<Next> =
            (0..FAILURES).map(|_| pace.failed(turn, &error(PortErrorKind::BadResponse), &mut tries, None)).collect();
        assert!(ends.iter().take(19).all(|next| *next == Next::Skip) && ends.last() == Some(&Next::Stop));
    }
}
