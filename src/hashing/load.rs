//! Which logins are let in: those whose hashes can be computed before their deadline.
//!
//! A login is let in once, before anything is known of its customer, so that being turned away says nothing about one.
//! Its hashes come later, after it has looked things up, so jobs that wait on the lane are not all the work there is:
//! every login that was let in will ask for as much hashing as logins did lately.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::password::lane::MovingRatio;

/// How many logins the mean work of a login is taken over.
const SPAN: f64 = 64.0;

/// Logins that are always let in, for each hashing thread: one is hashed while another looks things up. Keeps the lane
/// busy, and notices that logins have become cheaper, whatever they cost before.
const PER_THREAD: usize = 2;

/// The part of a deadline that logins may wait for hashes: one in so many. The rest is for everything else, and for a
/// machine that becomes slower while they wait.
const PART: u32 = 2;

/// The logins that were let in, and the hashing that logins ask for.
#[derive(Debug)]
pub(super) struct Load {
    threads: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    inside: usize,
    /// Seconds on a hashing thread, for each login.
    work: MovingRatio,
    /// Whether this machine was measured; before, everybody is let in.
    is_measured: bool,
}

/// The place of a login that was let in, until its hashes are computed.
#[derive(Debug)]
pub struct Place(Arc<Load>);

impl Place {
    /// The login has got all its hashes. Without it, it was given up, and says nothing about what logins need.
    pub fn served(self) {
        self.0.lock().work.add(0.0, 1.0);
    }
}

/// A login that was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnedAway {
    /// How long it would have had to wait for its hashes.
    pub wait: Duration,
}

impl Load {
    pub(super) fn new(threads: usize) -> Self {
        let state = State { inside: 0, work: MovingRatio::new(0.0, SPAN), is_measured: false };
        Self { threads: u32::try_from(threads).unwrap_or(u32::MAX).max(1), state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Assumes at first that a login takes as long as one hash of the store.
    pub(super) fn measured(&self, store_hash: Duration) {
        let mut state = self.lock();
        if !state.is_measured {
            state.work = MovingRatio::new(store_hash.as_secs_f64(), SPAN);
            state.is_measured = true;
        }
    }

    /// Notes a hash that was computed.
    pub(super) fn worked(&self, took: Duration) {
        self.lock().work.add(took.as_secs_f64(), 0.0);
    }

    /// Whether a login that has so much time left can be let in after so many others, while jobs on the lane wait so
    /// long.
    pub(super) fn room(&self, ahead: usize, left: Duration, queued: Duration) -> Result<(), TurnedAway> {
        self.lock().room(self.threads, ahead, left, queued)
    }

    /// Lets a login in.
    pub(super) fn enter(self: &Arc<Self>, left: Duration, queued: Duration) -> Result<Place, TurnedAway> {
        let mut state = self.lock();
        state.room(self.threads, 0, left, queued)?;
        state.inside += 1;
        Ok(Place(Arc::clone(self)))
    }

    /// How long a new login is expected to wait for its hashes.
    pub(super) fn wait(&self) -> Duration {
        self.lock().wait(self.threads, 0)
    }
}

impl State {
    fn seconds(&self, of: f64) -> Duration {
        Duration::try_from_secs_f64(self.work.get() * of).unwrap_or_default()
    }

    /// The logins inside and so many others are served in turn.
    fn wait(&self, threads: u32, ahead: usize) -> Duration {
        let before = u32::try_from(self.inside.saturating_add(ahead)).unwrap_or(u32::MAX);
        self.seconds(f64::from(before) / f64::from(threads))
    }

    fn room(&self, threads: u32, ahead: usize, left: Duration, queued: Duration) -> Result<(), TurnedAway> {
        let always = usize::try_from(threads).unwrap_or(usize::MAX).saturating_mul(PER_THREAD);
        if self.inside.saturating_add(ahead) < always || !self.is_measured {
            return Ok(());
        }
        let wait = self.wait(threads, ahead).max(queued);
        let fits = wait.saturating_add(self.seconds(1.0)) <= left / PART;
        if fits { Ok(()) } else { Err(TurnedAway { wait }) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.inside = state.inside.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const LEFT: Duration = Duration::from_millis(1600);

    fn load() -> Arc<Load> {
        let load = Arc::new(Load::new(2));
        load.measured(MS * 20);
        load
    }

    fn enter_all(load: &Arc<Load>, queued: Duration) -> Vec<Place> {
        std::iter::from_fn(|| load.enter(LEFT, queued).ok()).take(10_000).collect()
    }

    #[test]
    fn as_many_are_let_in_as_can_be_served_in_half_of_the_deadline() {
        let load = load();
        // 79 logins of 20 ms on two threads are 790 ms, and another one would end after 810.
        let inside = enter_all(&load, Duration::ZERO);
        assert_eq!(inside.len(), 79);
        assert_eq!(load.enter(LEFT, Duration::ZERO).unwrap_err(), TurnedAway { wait: MS * 790 });
        assert_eq!(load.room(0, LEFT * 2, Duration::ZERO), Ok(()));
        assert_eq!(load.room(81, LEFT * 2, Duration::ZERO).unwrap_err(), TurnedAway { wait: MS * 1600 });
        drop(inside);
        assert_eq!((load.wait(), load.room(0, LEFT, Duration::ZERO)), (Duration::ZERO, Ok(())));
    }

    #[test]
    fn the_work_of_a_login_is_what_logins_took_lately() {
        let load = load();
        for _ in 0..1000 {
            let place = load.enter(LEFT, Duration::ZERO).unwrap();
            load.worked(MS * 100);
            load.worked(MS * 20);
            place.served();
        }
        let inside = enter_all(&load, Duration::ZERO).len();
        assert!((12..=13).contains(&inside), "{inside}");
        // Logins of migrated customers have one hash.
        for _ in 0..1000 {
            let place = load.enter(LEFT, Duration::ZERO).unwrap();
            load.worked(MS * 20);
            place.served();
        }
        let inside = enter_all(&load, Duration::ZERO).len();
        assert!((78..=80).contains(&inside), "{inside}");
    }

    #[test]
    fn logins_that_were_given_up_do_not_make_others_look_cheaper() {
        let load = load();
        for _ in 0..1000 {
            drop(load.enter(LEFT, Duration::ZERO).unwrap());
        }
        assert_eq!(enter_all(&load, Duration::ZERO).len(), 79);
    }

    #[test]
    fn a_few_are_let_in_whatever_they_cost() {
        let load = load();
        assert_eq!(enter_all(&load, LEFT).len(), 4);
        let place = load.enter(MS, Duration::ZERO).unwrap();
        load.worked(LEFT * 1000);
        place.served();
        assert_eq!(enter_all(&load, Duration::ZERO).len(), 4);
    }

    #[test]
    fn jobs_that_wait_on_the_lane_count_even_if_they_are_of_nobody_inside() {
        let load = load();
        let few: Vec<_> = (0..4).map(|_| load.enter(LEFT, Duration::ZERO).unwrap()).collect();
        assert_eq!(load.enter(LEFT, LEFT).unwrap_err(), TurnedAway { wait: LEFT });
        assert_eq!(few.len(), 4);
    }

    #[test]
    fn everybody_is_let_in_before_the_machine_was_measured() {
        let load = Arc::new(Load::new(1));
        load.worked(LEFT);
        assert_eq!(enter_all(&load, LEFT).len(), 10_000);
    }
}
