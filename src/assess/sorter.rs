//! Sorts any number of rows in little memory: sorted runs in temporary files, which are then merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// How many bytes of rows are sorted in memory at once.
const BUFFER_BYTES: usize = 32 * 1024 * 1024;

/// How much of each run is read at once.
const READ_BYTES: usize = 32 * 1024;

/// How many runs are merged at once; more are first merged into one. Stops a very large export from opening more files than
/// a process may.
const MAX_RUNS: usize = 256;

/// Rows of a fixed length, to be sorted by their bytes. Its files have no name and end with the process.
#[derive(Debug)]
pub(super) struct Sorter<const N: usize> {
    rows: Vec<[u8; N]>,
    most: usize,
    runs: Vec<File>,
    count: u64,
}

impl<const N: usize> Default for Sorter<N> {
    fn default() -> Self {
        Self::with_buffer(BUFFER_BYTES / N.max(1))
    }
}

impl<const N: usize> Sorter<N> {
    fn with_buffer(most: usize) -> Self {
        Self { rows: Vec::new(), most, runs: Vec::new(), count: 0 }
    }

    /// The number of rows.
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If a temporary file cannot be written.
    pub(super) fn add(&mut self, row: [u8; N]) -> io::Result<()> {
        self.rows.push(row);
        self.count += 1;
        if self.rows.len() >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.rows.sort_unstable();
        let rows = std::mem::take(&mut self.rows);
        let run = write(rows.iter().copied().map(Ok))?;
        self.rows = rows;
        self.rows.clear();
        self.runs.push(run);
        if self.runs.len() == MAX_RUNS {
            let runs = std::mem::take(&mut self.runs);
            self.runs.push(write(Sorted::<N>::new(runs, Vec::new())?)?);
        }
        Ok(())
    }

    /// The rows in their order.
    ///
    /// # Errors
    /// If a temporary file cannot be read.
    pub(super) fn sorted(mut self) -> io::Result<Sorted<N>> {
        self.rows.sort_unstable();
        Sorted::new(self.runs, self.rows)
    }
}

/// Writes rows to a temporary file, and returns to its start.
fn write<const N: usize>(rows: impl Iterator<Item = io::Result<[u8; N]>>) -> io::Result<File> {
    let mut file = BufWriter::with_capacity(256 * 1024, tempfile::tempfile()?);
    for row in rows {
        file.write_all(&row?)?;
    }
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// Rows in their order.
pub(super) struct Sorted<const N: usize> {
    runs: Vec<BufReader<File>>,
    /// The rest in memory.
    rows: std::vec::IntoIter<[u8; N]>,
    /// The next row of each run; the last position is that of the rows in memory.
    next: BinaryHeap<Reverse<([u8; N], usize)>>,
}

impl<const N: usize> Sorted<N> {
    fn new(runs: Vec<File>, rows: Vec<[u8; N]>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|run| BufReader::with_capacity(READ_BYTES, run)).collect();
        let mut sorted = Self { runs, rows: rows.into_iter(), next: BinaryHeap::new() };
        for run in 0..=sorted.runs.len() {
            sorted.advance(run)?;
        }
        Ok(sorted)
    }

    /// Puts the next row of a run into the heap.
    fn advance(&mut self, run: usize) -> io::Result<()> {
        let row = match self.runs.get_mut(run) {
            Some(file) => row(file)?,
            None => self.rows.next(),
        };
        self.next.extend(row.map(|row| Reverse((row, run))));
        Ok(())
    }
}

/// The next row of a file.
fn row<const N: usize>(file: &mut impl Read) -> io::Result<Option<[u8; N]>> {
    let mut row = [0; N];
    match file.read_exact(&mut row) {
        Ok(()) => Ok(Some(row)),
        // runs are whole rows
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

impl<const N: usize> Iterator for Sorted<N> {
    type Item = io::Result<[u8; N]>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((row, run)) = self.next.pop()?;
        Some(self.advance(run).map(|()| row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_across_runs() {
        for (rows, buffer) in [(0, 4), (3, 4), (4, 4), (1000, 7), (3000, 2)] {
            let mut sorter = Sorter::<8>::with_buffer(buffer);
            let mut wanted: Vec<[u8; 8]> =
                (0..rows).map(|n: u64| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 500).to_be_bytes()).collect();
            wanted.iter().for_each(|row| sorter.add(*row).unwrap());
            assert!(sorter.runs.len() < MAX_RUNS);
            assert_eq!(sorter.len(), rows);
            wanted.sort_unstable();
            let found: Vec<[u8; 8]> = sorter.sorted().unwrap().map(Result::unwrap).collect();
            assert_eq!(found, wanted, "{rows} rows");
        }
    }
}
