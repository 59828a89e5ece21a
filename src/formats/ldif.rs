//! LDIF (RFC 2849): entries of a directory, separated by empty lines.
//!
//! An entry becomes `{"dn": "…", "mail": ["…"], …}`: `dn` is text, every attribute a list. Names keep their first spelling;
//! spellings that differ only in case are the same attribute (RFC 4512, section 2.5). Values that are not text
//! are `{"base64": "…"}`.

mod entry;

#[cfg(feature = "ldap")]
pub(crate) use entry::directory_value;

use super::lines::{Line, Lines};
use super::{Found, Place, Problem, Source};

/// Reads entries.
pub(super) struct Ldif {
    lines: Lines,
    line: Vec<u8>,
    /// The lines of the entry, including line ends.
    text: Vec<u8>,
    limit: usize,
}

impl Ldif {
    /// Records of at most `limit` bytes.
    pub fn new(source: Source, limit: usize) -> Self {
        Self { lines: Lines::new(source, limit), line: Vec::new(), text: Vec::new(), limit }
    }

    /// Reads up to the next empty line: returns where the entry is, and whether it fits the limit.
    fn block(&mut self) -> Result<Option<(Place, bool)>, Problem> {
        self.text.clear();
        let (mut first, mut fits) = (None, true);
        loop {
            let start = self.lines.offset();
            let line = self.lines.read(&mut self.line).map_err(|e| Problem::source(self.lines.number() + 1, &e))?;
            let is_empty = line == Line::Whole && self.line.is_empty();
            match (line, first) {
                (Line::End, _) => return Ok(first.map(|first| (self.place(first), fits))),
                (_, Some(first)) if is_empty => return Ok(Some((self.place(first), fits))),
                (_, None) if is_empty => continue,
                _ => {}
            }
            first.get_or_insert((self.lines.number(), start));
            fits &= line == Line::Whole && self.text.len() + self.line.len() < self.limit;
            if fits {
                self.text.extend_from_slice(&self.line);
                self.text.push(b'\n');
            }
        }
    }

    /// The lines read since a first line, which has this number and offset.
    fn place(&self, (line, start): (u64, u64)) -> Place {
        Place { line, bytes: Some(start..self.lines.offset()) }
    }
}

impl Iterator for Ldif {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let (place, fits) = match self.block() {
                Ok(block) => block?,
                Err(problem) => return Some(Err(problem)),
            };
            if !fits {
                return Some(Err(Problem::new(place.line, format!("the entry is longer than {} bytes", self.limit))));
            }
            match entry::read(&self.text) {
                Ok(None) => {}
                Ok(Some(json)) => return Some(Ok((json, place))),
                Err(wrong) => {
                    return Some(Err(Problem::new(place.line + wrong.line, wrong.message).with_text(&self.text)));
                }
            }
        }
    }
}
