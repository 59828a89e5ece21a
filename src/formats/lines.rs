//! Lines of a bounded length, with their numbers.

use std::io::{self, BufRead, BufReader, ErrorKind};

use super::Source;

/// Large, so that system calls are rare.
const BUFFER_BYTES: usize = 128 * 1024;

/// The result of reading a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// There are no more lines.
    End,
    /// The line was read.
    Whole,
    /// The line is longer than the limit; its start was read, and the rest skipped.
    TooLong,
}

/// Reads lines that end with LF or CRLF.
pub struct Lines {
    input: BufReader<Source>,
    limit: usize,
    number: u64,
    offset: u64,
}

impl Lines {
    /// Lines of at most `limit` bytes.
    pub fn new(source: Source, limit: usize) -> Self {
        Self { input: BufReader::with_capacity(BUFFER_BYTES, source), limit, number: 0, offset: 0 }
    }

    /// The number of the line that was read last, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of bytes up to the end of that line, including its end.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Replaces `line` with the next line, without its end.
    pub fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let (mut length, mut begun) = (0_usize, false);
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(if begun { self.finish(line, length) } else { Line::End });
            }
            begun = true;
            let end = memchr::memchr(b'\n', available);
            let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            length += part.len();
            // one extra byte for the CR of a CRLF
            let room = (self.limit + 1).saturating_sub(line.len()).min(part.len());
            line.extend_from_slice(part.get(..room).unwrap_or_default());
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            self.offset += u64::try_from(used).unwrap_or(0);
            if end.is_some() {
                return Ok(self.finish(line, length));
            }
        }
    }

    fn finish(&mut self, line: &mut Vec<u8>, mut length: usize) -> Line {
        self.number += 1;
        if length == line.len() && line.last() == Some(&b'\r') {
            line.pop();
            length -= 1;
        }
        if length > self.limit { Line::TooLong } else { Line::Whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &'static str, limit: usize) -> Vec<(Line, String, u64)> {
        let mut lines = Lines::new(Box::new(text.as_bytes()), limit);
        let (mut line, mut found) = (Vec::new(), Vec::new());
        loop {
            match lines.read(&mut line).unwrap() {
                Line::End => return found,
                kind => found.push((kind, String::from_utf8(line.clone()).unwrap(), lines.number())),
            }
        }
    }

    #[test]
    fn line_ends_are_removed() {
        let whole = |text: &str, number| (Line::Whole, text.to_owned(), number);
        assert_eq!(all("a\r\n\nb", 9), [whole("a", 1), whole("", 2), whole("b", 3)]);
        assert_eq!(all("a\n", 9), [whole("a", 1)]);
        assert_eq!(all("", 9), []);
        assert_eq!(all("abc\r\nabc", 3), [whole("abc", 1), whole("abc", 2)]);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped() {
        let found = all("abcdef\nxy\n", 3);
        assert_eq!(found.iter().map(|(kind, _, _)| *kind).collect::<Vec<_>>(), [Line::TooLong, Line::Whole]);
        assert_eq!(found[1].1, "xy");
    }
}
