//! Turns by key: at most so many at a time for one customer, without a lock for everybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// At most `permits` holders per key. Keys that nobody holds or waits for take no memory.
#[derive(Debug)]
pub(super) struct Turns {
    permits: usize,
    keys: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

/// How many keys may be remembered before those that nobody holds are swept.
const SWEEP_AT: usize = 1024;

impl Turns {
    /// Turns with so many holders per key.
    pub(super) fn new(permits: usize) -> Self {
        Self { permits: permits.max(1), keys: Mutex::new(HashMap::new()) }
    }

    /// Waits for a turn.
    pub(super) async fn take(&self, key: &str) -> Turn {
        // A semaphore that is never closed always gives its permit.
        let permit = self.semaphore(key).acquire_owned().await.ok();
        Turn { _permit: permit }
    }

    fn semaphore(&self, key: &str) -> Arc<Semaphore> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = keys.get(key).and_then(Weak::upgrade) {
            return semaphore;
        }
        if keys.len() >= SWEEP_AT {
            keys.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.permits));
        keys.insert(key.to_owned(), Arc::downgrade(&semaphore));
        semaphore
    }
}
