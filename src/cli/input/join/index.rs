//! An index on disk from hashes to places: sorted entries in an unnamed file, and the first hash of each block of them in memory.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use crate::adapters::file::index::Entry;
use crate::adapters::file::positioned;
use crate::adapters::file::sorter::{ENTRY_BYTES, Sorter, bytes_of, entry_of};

/// Entries of a block: 5 KiB are read for a hash. A hundred million entries take 3 MiB of memory.
const BLOCK_ENTRIES: usize = 256;

/// The index.
#[derive(Debug)]
pub(super) struct Index {
    file: File,
    entries: u64,
    /// The first hash of each block.
    firsts: Vec<u64>,
}

impl Index {
    /// Writes what was collected.
    ///
    /// # Errors
    /// If a temporary file cannot be written.
    pub fn of(sorter: Sorter) -> io::Result<Self> {
        let mut output = BufWriter::with_capacity(256 * 1024, tempfile::tempfile()?);
        let (mut entries, mut firsts) = (0_u64, Vec::new());
        sorter.merge(|entry| {
            if entries.is_multiple_of(BLOCK_ENTRIES as u64) {
                firsts.push(entry.hash);
            }
            entries += 1;
            output.write_all(&bytes_of(entry))
        })?;
        let file = output.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self { file, entries, firsts })
    }

    /// Passes each entry with a hash to `take`, until it says that it has enough.
    ///
    /// # Errors
    /// If the file cannot be read, or the first error of `take`.
    pub fn find<E: From<io::Error>>(&self, hash: u64, mut take: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        // a block before the first one that begins with the hash may end with it
        let first = self.firsts.partition_point(|first| *first < hash).saturating_sub(1);
        let blocks = self.firsts.iter().enumerate().skip(first).take_while(|(_, first)| **first <= hash);
        for (number, _) in blocks {
            let block = self.block(number)?;
            let entries = block.chunks_exact(ENTRY_BYTES).filter_map(entry_of);
            entries.filter(|entry| entry.hash == hash).try_for_each(&mut take)?;
        }
        Ok(())
    }

    fn block(&self, number: usize) -> io::Result<Vec<u8>> {
        let before = number as u64 * BLOCK_ENTRIES as u64;
        let count = self.entries.saturating_sub(before).min(BLOCK_ENTRIES as u64);
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0) * ENTRY_BYTES];
        positioned::read(&self.file, &mut bytes, before * ENTRY_BYTES as u64)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_entries_of_a_hash_are_found() {
        let mut sorter = Sorter::with_runs(&std::env::temp_dir()).unwrap();
        for at in 0..10_000_u64 {
            // 700 entries of the hash 5, over several blocks; every other hash once
            let hash = if at % 10 == 0 && at < 7000 { 5 } else { 10 + at };
            sorter.push(Entry { hash, offset: at, bytes: 1 }).unwrap();
        }
        let index = Index::of(sorter).unwrap();
        let find = |hash| {
            let mut found = Vec::new();
            index
                .find(hash, |entry| {
                    found.push(entry.offset);
                    Ok::<(), io::Error>(())
                })
                .unwrap();
            found
        };
        assert_eq!(find(5), (0..700).map(|at| at * 10).collect::<Vec<_>>());
        assert_eq!((find(0), find(4), find(6), find(10), find(u64::MAX)), (vec![], vec![], vec![], vec![], vec![]));
        assert!((1..10_000).filter(|at| at % 10 != 0).all(|at| find(10 + at) == [at]));
        assert_eq!(find(10 + 9999), [9999]);
    }

    #[test]
    fn an_index_may_be_empty() {
        let index = Index::of(Sorter::with_runs(&std::env::temp_dir()).unwrap()).unwrap();
        index.find(7, |_| Err(io::Error::from(io::ErrorKind::Other))).unwrap();
    }
}
