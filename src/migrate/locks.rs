//! Limits concurrency per key, such as per customer, without a global lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most `permits` holders per key. Unused keys are removed as new ones are added.
#[derive(Debug)]
pub(super) struct KeyedLimit {
    permits: usize,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    turns: HashMap<String, Weak<Semaphore>>,
    /// The number of keys at which unused ones are removed next.
    sweep_at: usize,
}

/// A permit; released when dropped.
#[derive(Debug)]
pub(super) struct KeyedPermit {
    _permit: Option<OwnedSemaphorePermit>,
}

/// The number of keys at which unused ones are first removed.
const SWEEP_AT: usize = 1024;

impl KeyedLimit {
    /// A limit of `permits` holders per key.
    pub(super) fn new(permits: usize) -> Self {
        let keys = Keys { turns: HashMap::new(), sweep_at: SWEEP_AT };
        Self { permits: permits.max(1), keys: Mutex::new(keys) }
    }

    /// Waits for a permit.
    pub(super) async fn acquire(&self, key: &str) -> KeyedPermit {
        // Cannot fail: the semaphore is never closed.
        let permit = self.semaphore(key).acquire_owned().await.ok();
        KeyedPermit { _permit: permit }
    }

    /// How many wait for a permit of a key. Holders and those who wait keep its semaphore alive.
    pub(super) fn waiting(&self, key: &str) -> usize {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.turns.get(key).map_or(0, Weak::strong_count).saturating_sub(self.permits)
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
    /// Removes unused keys once there are twice as many keys as were left last time. A sweep visits every key, so
    /// waiting for that many insertions keeps the amortised cost per key constant.
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
    fn a_key_has_at_most_as_many_holders_as_permits() {
        let turns = KeyedLimit::new(2);
        let first = turns.acquire("ada").now_or_never().unwrap();
        let _second = turns.acquire("ada").now_or_never().unwrap();
        assert!(turns.acquire("ada").now_or_never().is_none());
        assert!(turns.acquire("bob").now_or_never().is_some(), "another key is free");
        drop(first);
        assert!(turns.acquire("ada").now_or_never().is_some());
    }

    #[test]
    fn a_cancelled_waiter_takes_no_permit() {
        let turns = KeyedLimit::new(1);
        let held = turns.acquire("ada").now_or_never().unwrap();
        {
            let mut waiting = Box::pin(turns.acquire("ada"));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(held);
        assert!(turns.acquire("ada").now_or_never().is_some());
    }

    #[test]
    fn permits_are_granted_in_order() {
        let turns = KeyedLimit::new(1);
        let held = turns.acquire("ada").now_or_never().unwrap();
        let (mut first, mut second) = (Box::pin(turns.acquire("ada")), Box::pin(turns.acquire("ada")));
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
        assert_eq!(turns.waiting("ada"), 2);
        drop(held);
        assert_eq!((turns.waiting("ada"), turns.waiting("bob")), (1, 0));
        assert!(second.as_mut().now_or_never().is_none());
        let first = first.as_mut().now_or_never().unwrap();
        drop(first);
        assert!(second.as_mut().now_or_never().is_some());
    }

    #[test]
    fn unused_keys_are_removed_and_held_keys_stay() {
        let turns = KeyedLimit::new(1);
        let held: Vec<KeyedPermit> =
            (0..700).map(|at| turns.acquire(&format!("held {at}")).now_or_never().unwrap()).collect();
        for at in 0..10_000 {
            turns.acquire(&format!("free {at}")).now_or_never().unwrap();
        }
        let (keys, sweep_at) = remembered(&turns);
        assert_eq!(sweep_at, 1400);
        assert!((700..=1400).contains(&keys), "{keys}");
        assert!((0..700).all(|at| turns.acquire(&format!("held {at}")).now_or_never().is_none()));
        drop(held);
    }

    #[test]
    fn the_sweep_threshold_grows_with_the_number_of_held_keys() {
        let turns = KeyedLimit::new(1);
        let _held: Vec<KeyedPermit> =
            (0..5_000).map(|at| turns.acquire(&at.to_string()).now_or_never().unwrap()).collect();
        assert_eq!(remembered(&turns), (5_000, 8192));
    }
}
