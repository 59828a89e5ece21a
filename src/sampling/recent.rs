//! Which records were looked at recently. A customer who signs in again, or whose password is guessed at a thousand times,
//! counts once.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// How many records are remembered, in eight bytes each. Then all are forgotten, and a customer may count once more.
const MOST: usize = 100_000;

/// Digests of records, under a key of this process.
#[derive(Debug, Default)]
pub(super) struct Recent {
    key: RandomState,
    seen: HashSet<u64>,
}

impl Recent {
    /// Remembers a record. Returns whether it is new.
    pub(super) fn is_new(&mut self, source: &str, record: &str) -> bool {
        if self.seen.len() >= MOST {
            self.seen.clear();
        }
        self.seen.insert(self.key.hash_one((source, record)))
    }

    /// Forgets all records, because they are looked at in another way from now on.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }
}
