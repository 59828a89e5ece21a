//! The index from logins to records: a sorted list of hashes, 16 bytes per login.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// Hashes of logins, and the numbers of their records.
///
/// Two logins may share a hash, so callers must check the logins of every candidate. The hash is keyed, so nobody can
/// choose logins that collide.
#[derive(Debug, Default)]
pub(super) struct Index {
    keys: RandomState,
    entries: Vec<(u64, u32)>,
}

impl Index {
    /// Adds a login of a record.
    pub fn add(&mut self, login: &str, record: u32) {
        self.entries.push((self.keys.hash_one(login), record));
    }

    /// Prepares the index for lookups.
    pub fn finish(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        self.entries.shrink_to_fit();
    }

    /// The records that may have a login.
    pub fn candidates(&self, login: &str) -> impl Iterator<Item = u32> + '_ {
        let hash = self.keys.hash_one(login);
        let begin = self.entries.partition_point(|(have, _)| *have < hash);
        self.entries.iter().skip(begin).take_while(move |(have, _)| *have == hash).map(|(_, record)| *record)
    }

    /// The number of logins, and how many of them belong to several records.
    pub fn counts(&self) -> (u64, u64) {
        let groups = || self.entries.chunk_by(|(hash, _), (other, _)| hash == other);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        (count(groups().count()), count(groups().filter(|group| group.len() > 1).count()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_map_to_their_records() {
        let mut index = Index::default();
        for (login, record) in [("ada", 0), ("bo", 1), ("ada", 2), ("bo", 1), ("cy", 3)] {
            index.add(login, record);
        }
        index.finish();
        assert_eq!(index.candidates("ada").collect::<Vec<_>>(), [0, 2]);
        assert_eq!(index.candidates("bo").collect::<Vec<_>>(), [1]);
        assert_eq!(index.candidates("dee").count(), 0);
        assert_eq!(index.counts(), (3, 1));
    }
}
