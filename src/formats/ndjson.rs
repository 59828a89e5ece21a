//! NDJSON: one object per line. Lines are only split here; callers parse them, so that parsing can run in parallel.

use super::encoding::not_utf8;
use super::lines::{Line, Lines};
use super::reading::{Paths, Reading};
use super::{Found, Place, Problem, Source};
use crate::rules::RecordsPath;

/// Reads lines.
pub(super) struct Ndjson {
    lines: Lines,
    line: Vec<u8>,
    limit: usize,
    reading: Reading,
    records: u64,
    /// The lists of objects in the first record.
    lists: Paths,
}

impl Ndjson {
    /// Records of at most `limit` bytes.
    pub fn new(source: Source, limit: usize, reading: Reading) -> Self {
        let (lines, line, lists) = (Lines::new(source, limit), Vec::new(), Paths::default());
        Self { lines, line, limit, reading, records: 0, lists }
    }

    /// The record in the line that starts at an offset.
    fn record(&mut self, start: u64) -> Found {
        self.records += 1;
        if self.records == 1 {
            self.lists = lists_of(&self.line);
        }
        let number = self.lines.number();
        let Ok(text) = std::str::from_utf8(&self.line) else {
            return Err(Problem::new(number, not_utf8("the line", "ndjson")));
        };
        let text = text.trim_ascii();
        if text.starts_with('{') && text.ends_with('}') {
            let place = Place { line: number, bytes: Some(start..self.lines.offset()) };
            return Ok((text.to_owned(), place));
        }
        let message = "the line is not a single JSON object; to read JSON that spans several lines, use `--from json`";
        Err(Problem::new(number, message).with_text(text.as_bytes()))
    }
}

/// The members of an object that are lists of objects.
fn lists_of(line: &[u8]) -> Paths {
    let mut lists = Paths::default();
    if let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(line) {
        let is_list = |value: &serde_json::Value| value.get(0).is_some_and(serde_json::Value::is_object);
        let found = members.iter().filter(|(_, value)| is_list(value));
        found.for_each(|(name, _)| lists.add(RecordsPath::default().member(name)));
    }
    lists
}

impl Iterator for Ndjson {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let start = self.lines.offset();
            match self.lines.read(&mut self.line) {
                Ok(Line::End) => {
                    if self.records == 1 {
                        self.reading.one_record_with(std::mem::take(&mut self.lists));
                    }
                    return None;
                }
                Ok(Line::Whole) if self.line.trim_ascii().is_empty() => {}
                Ok(Line::Whole) => return Some(self.record(start)),
                Ok(Line::TooLong) => {
                    let message = format!("the line is longer than {} bytes", self.limit);
                    return Some(Err(Problem::new(self.lines.number(), message)));
                }
                Err(error) => return Some(Err(Problem::source(self.lines.number() + 1, &error))),
            }
        }
    }
}
