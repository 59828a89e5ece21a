//! NDJSON: one object per line. Lines are split here and parsed by whoever runs them, so that parsing can be spread.

use super::lines::{Line, Lines};
use super::{Found, Problem, Source};

/// Reads lines.
pub(super) struct Ndjson {
    lines: Lines,
    line: Vec<u8>,
    limit: usize,
}

impl Ndjson {
    /// Records of at most `limit` bytes.
    pub fn new(source: Source, limit: usize) -> Self {
        Self { lines: Lines::new(source, limit), line: Vec::new(), limit }
    }

    fn record(&self) -> Found {
        let number = self.lines.number();
        let Ok(text) = std::str::from_utf8(&self.line) else {
            return Err(Problem::new(number, "the line is not UTF-8"));
        };
        let text = text.trim_ascii();
        if text.starts_with('{') && text.ends_with('}') {
            return Ok((text.to_owned(), number));
        }
        let message = "the line is not one JSON object; JSON over several lines is read with `--from json`";
        Err(Problem::new(number, message).with_text(text.as_bytes()))
    }
}

impl Iterator for Ndjson {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            match self.lines.read(&mut self.line) {
                Ok(Line::End) => return None,
                Ok(Line::Whole) if self.line.trim_ascii().is_empty() => {}
                Ok(Line::Whole) => return Some(self.record()),
                Ok(Line::TooLong) => {
                    let message = format!("the line is longer than {} bytes", self.limit);
                    return Some(Err(Problem::new(self.lines.number(), message)));
                }
                Err(error) => return Some(Err(Problem::source(self.lines.number() + 1, &error))),
            }
        }
    }
}
