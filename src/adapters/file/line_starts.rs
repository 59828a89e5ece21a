//! Records where the lines of a stream begin while it is being read.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// The offsets of the lines read so far.
#[derive(Debug, Clone)]
pub(super) struct LineStarts {
    read: Arc<Mutex<Progress>>,
}

#[derive(Debug)]
struct Progress {
    starts: Vec<u64>,
    bytes: u64,
}

/// A stream whose line offsets are recorded.
pub(super) struct Recorded<R> {
    input: R,
    lines: LineStarts,
}

/// Wraps a stream from its beginning.
pub(super) fn record<R: Read>(input: R) -> (Recorded<R>, LineStarts) {
    let lines = LineStarts { read: Arc::new(Mutex::new(Progress { starts: vec![0], bytes: 0 })) };
    (Recorded { input, lines: lines.clone() }, lines)
}

impl LineStarts {
    /// The offset of a line and its length in bytes, including the line end, by its number from 1; `None` if it was not
    /// read.
    pub fn span(&self, line: u64) -> Option<(u64, u64)> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(line.checked_sub(1)?).ok()?;
        let start = *read.starts.get(at)?;
        let end = read.starts.get(at + 1).copied().unwrap_or(read.bytes);
        Some((start, end.checked_sub(start)?))
    }
}

impl<R: Read> Read for Recorded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let mut read = self.lines.read.lock().unwrap_or_else(PoisonError::into_inner);
        let offset = read.bytes;
        let starts = memchr::memchr_iter(b'\n', buffer.get(..count).unwrap_or_default())
            .filter_map(|at| u64::try_from(at).ok())
            .map(|at| offset + at + 1);
        read.starts.extend(starts);
        read.bytes += u64::try_from(count).unwrap_or(0);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_offsets_and_lengths() {
        for (text, lines) in
            [("ab\n\ncd", &[(0, 3), (3, 1), (4, 2)][..]), ("ab\r\ncd\n", &[(0, 4), (4, 3), (7, 0)]), ("", &[(0, 0)])]
        {
            let (mut input, starts) = record(text.as_bytes());
            // Read in pieces of three bytes, so that lines span several pieces.
            let mut piece = [0; 3];
            while input.read(&mut piece).expect("memory") > 0 {}
            let spans: Vec<_> = (1..).map_while(|line| starts.span(line)).collect();
            assert_eq!(spans, lines, "{text:?}");
        }
        assert!(record("".as_bytes()).1.span(0).is_none());
    }
}
