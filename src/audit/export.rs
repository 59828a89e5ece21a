//! Exports rows to a segment, and checks which segments may be removed from a ledger.

use std::io::{self, Write};

use jiff::Timestamp;

use super::check::{Checker, StoredRow};
use super::segment::SegmentWriter;
use crate::ports::{AuditHead, ExportError, Keyring, SegmentReport};

/// An export in progress: rows are verified before they are written.
pub(crate) struct Export<'k, W: Write> {
    checker: Checker<'k>,
    writer: SegmentWriter<'k, W>,
    start: AuditHead,
    before: Timestamp,
}

impl<'k, W: Write> Export<'k, W> {
    /// Begins a segment after the verified start of the ledger, for the rows before a time.
    pub(crate) fn begin(
        keyring: &'k Keyring,
        start: AuditHead,
        before: Timestamp,
        out: W,
    ) -> Result<Self, ExportError> {
        let checker = Checker::new(keyring, start.clone(), &[]);
        let writer = SegmentWriter::begin(keyring, out, &start).map_err(|error| failed(&error))?;
        Ok(Self { checker, writer, start, before })
    }

    /// Adds the next row if it is old enough; returns whether it was.
    pub(crate) fn row(&mut self, row: &StoredRow) -> Result<bool, ExportError> {
        self.checker.row(row).map_err(ExportError::Broken)?;
        if row.at() >= self.before.as_microsecond() {
            return Ok(false);
        }
        let number = self.checker.last().number;
        self.writer.row(number, &row.text, &row.chain).map_err(|error| failed(&error))?;
        Ok(true)
    }

    /// Ends the segment; returns the heads before and at its end.
    pub(crate) fn end(self) -> Result<(AuditHead, AuditHead), ExportError> {
        let head = self.writer.end().map_err(|error| failed(&error))?;
        Ok((self.start, head))
    }
}

fn failed(error: &io::Error) -> ExportError {
    ExportError::Write(error.kind())
}

/// Checks that the rows of a segment may be removed from a ledger: that it continues the removed rows, and ends with a
/// row of this ledger or before its start. `last` is the digest that the ledger has for the segment's last row.
pub(crate) fn may_remove(segment: &SegmentReport, start: &AuditHead, last: Option<&str>) -> Result<(), ExportError> {
    if segment.start.number > start.number {
        return Err(ExportError::Gap(segment.start.number, start.number));
    }
    let head = &segment.head;
    if head.number <= start.number || last == Some(head.chain.as_str()) {
        return Ok(());
    }
    Err(ExportError::Foreign(head.number))
}
