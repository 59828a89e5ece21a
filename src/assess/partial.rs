//! What was found in a part of an export, as a file: a line of JSON, and behind it the digests of the identifiers.

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::class::Class;
use super::collect::{Collected, RulesFacts};
use super::document::About;
use super::entry::ROW;
use super::part::Part;
use super::sorter::Sorter;
use crate::ready_rules::Fit;

/// The version of the file, raised when an older reader would misread it.
const VERSION: u32 = 2;

/// The longest first line. Stops files of another kind from filling the memory; real ones have a few megabytes at most.
const MAX_LINE: u64 = 1 << 30;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head<A, F, C, P, R> {
    landfall_partial: u32,
    about: A,
    facts: F,
    classes: C,
    part: P,
    ready_rules: R,
    rows: u64,
}

/// Why a partial result cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PartialError {
    /// It is no such file, or one of another version.
    #[error("it is not a partial result of this version of Landfall")]
    Other,
    /// It ends too early.
    #[error("it is truncated")]
    Truncated,
    /// It cannot be read, or a temporary file cannot be written.
    #[error("{}", .0.kind())]
    Io(#[from] io::Error),
}

impl Collected {
    /// Writes a partial result. It contains digests of identifiers and frequent values, so it is as sensitive as the export.
    ///
    /// # Errors
    /// If it cannot be written, or a temporary file cannot be read.
    pub fn write_partial(self, out: &mut impl Write) -> io::Result<()> {
        let head = Head {
            landfall_partial: VERSION,
            about: &self.about,
            facts: &self.facts,
            classes: &self.classes,
            part: &self.part,
            ready_rules: &self.ready_rules,
            rows: self.rows.len(),
        };
        serde_json::to_writer(&mut *out, &head)?;
        out.write_all(b"\n")?;
        for row in self.rows.sorted()? {
            out.write_all(&row?)?;
        }
        Ok(())
    }

    /// Reads a partial result.
    ///
    /// # Errors
    /// If it is a file of another kind, ends too early, or cannot be read.
    pub fn read_partial(input: &mut impl BufRead) -> Result<Self, PartialError> {
        let mut line = Vec::new();
        input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        let head: Head<About, Option<RulesFacts>, Vec<Class>, Part, Vec<Fit>> =
            serde_json::from_slice(&line).map_err(|_| PartialError::Other)?;
        if head.landfall_partial != VERSION {
            return Err(PartialError::Other);
        }
        let mut rows = Sorter::<ROW>::default();
        let mut row = [0; ROW];
        let mut content = Sha256::new().chain_update(head.part.records.to_be_bytes());
        if head.rows == 0 {
            content.update(&line);
        }
        for _ in 0..head.rows {
            input.read_exact(&mut row).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => PartialError::Truncated,
                _ => PartialError::Io(error),
            })?;
            rows.add(row)?;
            // without the class, whose number depends on the order in which threads ended
            content.update(row.first_chunk::<{ ROW - 2 }>().map_or(&row[..], |kept| kept.as_slice()));
        }
        let content = Some(content.finalize().into());
        let Head { about, facts, classes, part, ready_rules, .. } = head;
        Ok(Self { about, facts, classes, part, rows, ready_rules, stopped: None, content })
    }
}
