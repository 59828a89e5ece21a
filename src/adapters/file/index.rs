//! The index from logins to records: entries sorted by a salted hash of the login, in memory or in a kept file.

use std::io;

use sha2::{Digest as _, Sha256};

use super::kept::Kept;

/// The maximum number of candidates of one login. Two that carry it suffice to know that it is ambiguous, and logins with
/// the same hash cannot be chosen without the salt.
const MAX_CANDIDATES: usize = 16;

/// Where the text of a record is, and the hash of one of its logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub hash: u64,
    pub offset: u64,
    pub bytes: u32,
}

/// Hashes logins. The salt is random, so nobody can prepare logins that collide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Salt(pub [u8; 16]);

impl Salt {
    /// The hash of a canonical login.
    pub fn hash(self, login: &str) -> u64 {
        let digest = Sha256::new().chain_update(self.0).chain_update(login).finalize();
        digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    }
}

/// The entries of an export.
#[derive(Debug)]
pub(super) enum Index {
    /// Sorted entries in memory.
    Memory(Salt, Vec<Entry>),
    /// Pages of a file.
    Kept(Kept),
}

impl Index {
    /// The entries that may belong to a login. Callers must check the logins of every candidate.
    ///
    /// # Errors
    /// If the kept file cannot be read, or is damaged.
    pub fn candidates(&self, login: &str) -> io::Result<Vec<Entry>> {
        match self {
            Self::Memory(salt, entries) => {
                let hash = salt.hash(login);
                let begin = entries.partition_point(|entry| entry.hash < hash);
                let same = entries.iter().skip(begin).take_while(|entry| entry.hash == hash);
                Ok(same.take(MAX_CANDIDATES).copied().collect())
            }
            Self::Kept(kept) => kept.candidates(login, MAX_CANDIDATES),
        }
    }
}
