//! Sorts the entries of an index in bounded memory: sorted runs in an unnamed file, which are then merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::index::Entry;
use super::positioned;

/// Entries of a run: 24 MiB of memory.
const RUN_ENTRIES: usize = 1024 * 1024;

/// Entries that are read from a run at a time.
const READ_ENTRIES: usize = 2048;

/// The length of an entry in a file.
pub(crate) const ENTRY_BYTES: usize = 20;

/// Collects entries.
pub(crate) struct Sorter {
    entries: Vec<Entry>,
    /// `None` keeps everything in memory.
    runs: Option<Runs>,
}

struct Runs {
    output: BufWriter<File>,
    ends: Vec<u64>,
    written: u64,
    limit: usize,
}

impl Sorter {
    /// Keeps all entries in memory.
    pub fn in_memory() -> Self {
        Self { entries: Vec::new(), runs: None }
    }

    /// Writes runs to an unnamed file in a folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn with_runs(folder: &Path) -> io::Result<Self> {
        let output = BufWriter::with_capacity(256 * 1024, tempfile::tempfile_in(folder)?);
        Ok(Self { entries: Vec::new(), runs: Some(Runs { output, ends: Vec::new(), written: 0, limit: RUN_ENTRIES }) })
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// If a run cannot be written.
    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.entries.push(entry);
        match &mut self.runs {
            Some(runs) if self.entries.len() >= runs.limit => runs.write(&mut self.entries),
            _ => Ok(()),
        }
    }

    /// The sorted entries, if they are kept in memory.
    pub fn into_memory(mut self) -> Vec<Entry> {
        self.entries.sort_unstable();
        self.entries.shrink_to_fit();
        self.entries
    }

    /// Gives the entries in order.
    ///
    /// # Errors
    /// The first error of `each`, or if the runs cannot be written and read.
    pub fn merge(mut self, mut each: impl FnMut(Entry) -> io::Result<()>) -> io::Result<()> {
        let Some(mut runs) = self.runs.take() else {
            return self.into_memory().into_iter().try_for_each(each);
        };
        runs.write(&mut self.entries)?;
        drop(self.entries);
        let file = runs.output.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut begin = 0;
        let mut readers = Vec::with_capacity(runs.ends.len());
        for end in runs.ends {
            readers.push(Run { at: begin, end, read: Vec::new().into_iter() });
            begin = end;
        }
        let mut heap = BinaryHeap::with_capacity(readers.len());
        for (number, run) in readers.iter_mut().enumerate() {
            heap.extend(run.next(&file)?.map(|entry| Reverse((entry, number))));
        }
        while let Some(Reverse((entry, number))) = heap.pop() {
            each(entry)?;
            if let Some(run) = readers.get_mut(number) {
                heap.extend(run.next(&file)?.map(|entry| Reverse((entry, number))));
            }
        }
        Ok(())
    }
}

impl Runs {
    fn write(&mut self, entries: &mut Vec<Entry>) -> io::Result<()> {
        entries.sort_unstable();
        for entry in entries.drain(..) {
            self.output.write_all(&bytes_of(entry))?;
            self.written += 1;
        }
        self.ends.push(self.written);
        Ok(())
    }
}

/// One run, by the numbers of its entries.
struct Run {
    at: u64,
    end: u64,
    read: std::vec::IntoIter<Entry>,
}

impl Run {
    fn next(&mut self, file: &File) -> io::Result<Option<Entry>> {
        if self.read.len() == 0 && self.at < self.end {
            let count = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(READ_ENTRIES);
            let mut bytes = vec![0; count * ENTRY_BYTES];
            positioned::read(file, &mut bytes, self.at * ENTRY_BYTES as u64)?;
            self.read = bytes.chunks_exact(ENTRY_BYTES).filter_map(entry_of).collect::<Vec<_>>().into_iter();
            self.at += u64::try_from(count).unwrap_or(0);
        }
        Ok(self.read.next())
    }
}

/// An entry as it is in files.
pub(crate) fn bytes_of(entry: Entry) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    let fields =
        entry.hash.to_be_bytes().into_iter().chain(entry.offset.to_be_bytes()).chain(entry.bytes.to_be_bytes());
    bytes.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
    bytes
}

/// The entry in the bytes of a file.
pub(crate) fn entry_of(bytes: &[u8]) -> Option<Entry> {
    let (hash, rest) = bytes.split_first_chunk()?;
    let (offset, rest) = rest.split_first_chunk()?;
    let length = rest.first_chunk()?;
    Some(Entry {
        hash: u64::from_be_bytes(*hash),
        offset: u64::from_be_bytes(*offset),
        bytes: u32::from_be_bytes(*length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_merged_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sorter = Sorter::with_runs(folder.path()).expect("a file");
        sorter.runs.as_mut().expect("runs").limit = 7;
        let mut entries: Vec<Entry> =
            (0..100_u64).map(|at| Entry { hash: at * 37 % 100, offset: at << 33, bytes: 5 }).collect();
        entries.iter().for_each(|entry| sorter.push(*entry).expect("room"));
        let mut merged = Vec::new();
        sorter
            .merge(|entry| {
                merged.push(entry);
                Ok(())
            })
            .expect("entries");
        entries.sort_unstable();
        assert_eq!(merged, entries);
    }
}
