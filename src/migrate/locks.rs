//! Turns by key: at most so many at a time for one customer, without a lock for everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most `permits` holders per key. Keys that nobody holds or waits for are swept away as others come.
#[derive(Debug)]
pub(super) struct KeyedLimit {
    permits: usize,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    turns: HashMap<String, Weak<Semaphore>>,
    /// How many keys there are when they are swept next.
    sweep_at: usize,
}

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct KeyedPermit {
    _permit: Option<OwnedSemaphorePermit>,
}

/// How many keys may be remembered before those that nobody holds are swept for the first time.
const SWEEP_AT: usize = 1024;

impl KeyedLimit {
    /// Turns with so many holders per key.
    pub(super) fn new(permits: usize) -> Self {
        let keys = Keys { turns: HashMap::new(), sweep_at: SWEEP_AT };
        Self { permits: permits.max(1), keys: Mutex::new(keys) }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self, key: &str) -> KeyedPermit {
        // A semaphore that is never closed always gives its permit.
        let permit = self.semaphore(key).acquire_owned().await.ok();
        KeyedPermit { _permit: permit }
    }

    fn semaphore(&self, key: &str) -> Arc<Semaphore> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = keys.turns.get(key).and_then(Weak::upgrade) {
            return semaphore;
        }
        keys.sweep();
        let semaphore = Arc::new(Semaphore::new(self.permits));
        keys.turns.insert(key.to_owned(), Arc::downgrade(&semaphore));
        semaphore
    }
}

impl Keys {
    /// Forgets keys that nobody holds, when there are twice as many as were left last time: a sweep costs a look at every key,
    /// and that many keys came since, so that each key pays for a few looks.
    fn sweep(&mut self) {
        if self.turns.len() < self.sweep_at {
            return;
        }
        self.turns.retain(|_, semaphore| semaphore.strong_count() > 0);
        self.sweep_at = (self.turns.len() * 2).max(SWEEP_AT);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn remembered(turns: &KeyedLimit) -> (usize, usize) {
        let keys = turns.keys.lock().unwrap();
        (keys.turns.len(), keys.sweep_at)
    }

    #[test]
    fn so_many_hold_a_key_and_no_more() {
        let turns = KeyedLimit::new(2);
        let first = turns.take("ada").now_or_never().unwrap();
        let _second = turns.take("ada").now_or_never().unwrap();
        assert!(turns.take("ada").now_or_never().is_none());
        assert!(turns.take("bob").now_or_never().is_some(), "another key is free");
        drop(first);
        assert!(turns.take("ada").now_or_never().is_some());
    }

    #[test]
    fn a_waiter_that_gives_up_takes_no_turn() {
        let turns = KeyedLimit::new(1);
        let held = turns.take("ada").now_or_never().unwrap();
        {
            let mut waiting = Box::pin(turns.take("ada"));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(held);
        assert!(turns.take("ada").now_or_never().is_some());
    }

    #[test]
    fn turns_are_given_in_the_order_of_asking() {
        let turns = KeyedLimit::new(1);
        let held = turns.take("ada").now_or_never().unwrap();
        let (mut first, mut second) = (Box::pin(turns.take("ada")), Box::pin(turns.take("ada")));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        drop(held);
        assert!(second.as_mut().now_or_never().is_none());
        let first = first.as_mut().now_or_never().unwrap();
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
    }

    #[test]
    fn free_keys_are_forgotten_and_held_keys_stay() {
        let turns = KeyedLimit::new(1);
        let held: Vec<KeyedPermit> =
            (0..700).map(|at| turns.take(&format!("held {at}")).now_or_never().unwrap()).collect();
        for at in 0..10_000 {
            turns.take(&format!("free {at}")).now_or_never().unwrap();
        }
        let (keys, sweep_at) = remembered(&turns);
        assert_eq!(sweep_at, 1400);
        assert!((700..=1400).contains(&keys), "{keys}");
        assert!((0..700).all(|at| turns.take(&format!("held {at}")).now_or_never().is_none()));
        drop(held);
    }

    #[test]
    fn sweeps_grow_rarer_as_keys_grow() {
        let turns = KeyedLimit::new(1);
        let _held: Vec<KeyedPermit> =
            (0..5_000).map(|at| turns.take(&at.to_string()).now_or_never().unwrap()).collect();
        assert_eq!(remembered(&turns), (5_000, 8192));
    }
}
