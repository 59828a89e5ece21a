//! A segment of the audit in a file: JSON lines that can be verified on their own, with the key.
//!
//! The first line describes what comes before the segment, each further line is a row with its digest, and the last
//! line has the head, with a tag over the first line and the head. Every line has exactly one valid spelling, so that
//! every edit is detected.

use std::borrow::Cow;
use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::check::{Checker, StoredRow};
use super::record::{Columns, record};
use crate::ports::{AuditBreak, AuditFault, AuditHead, Keyring, SegmentReport};

/// The identification of the format.
const KIND: &str = "landfall audit segment 1";

/// The longest line, in bytes. Stops a file of another kind from filling the memory; a row has a few hundred bytes.
const MAX_LINE: u64 = 64 * 1024;

/// How many rows are removed at once. Stops a removal from delaying logins; this many take a few milliseconds.
const STEP: u64 = 500;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    segment: Cow<'a, str>,
    /// The number of the first row.
    first: u64,
    /// The digest of the previous row; empty before the very first row.
    before: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    number: u64,
    #[serde(borrow)]
    decision: &'a RawValue,
    #[serde(borrow)]
    chain: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End<'a> {
    rows: u64,
    head: Cow<'a, str>,
    tag: Cow<'a, str>,
}

/// The head before a segment, as its first line states it; not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentStart(pub AuditHead);

impl SegmentStart {
    /// Reads the first line.
    ///
    /// # Errors
    /// If the file cannot be read; [`io::ErrorKind::InvalidData`] if it is not a segment.
    pub fn read(input: &mut impl BufRead) -> io::Result<Self> {
        let line = line(input)?;
        header(&line).map(Self).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }
}

/// Writes a segment.
pub(super) struct SegmentWriter<'k, W: Write> {
    keyring: &'k Keyring,
    out: W,
    header: String,
    rows: u64,
    head: AuditHead,
}

impl<'k, W: Write> SegmentWriter<'k, W> {
    pub(super) fn begin(keyring: &'k Keyring, mut out: W, start: &AuditHead) -> io::Result<Self> {
        let first = start.number.saturating_add(1);
        let header = to_line(&Header { segment: KIND.into(), first, before: (&start.chain).into() })?;
        writeln!(out, "{header}")?;
        Ok(Self { keyring, out, header, rows: 0, head: start.clone() })
    }

    /// Adds a verified row.
    pub(super) fn row(&mut self, number: u64, text: &str, chain: &str) -> io::Result<()> {
        let decision: &RawValue = serde_json::from_str(text)?;
        let line = to_line(&Row { number, decision, chain: chain.into() })?;
        writeln!(self.out, "{line}")?;
        self.rows += 1;
        self.head = AuditHead { number, chain: chain.to_owned() };
        Ok(())
    }

    pub(super) fn end(mut self) -> io::Result<AuditHead> {
        let head = self.head.to_string();
        let tag = tag(self.keyring, &self.header, &head);
        let line = to_line(&End { rows: self.rows, head: head.into(), tag: tag.into() })?;
        writeln!(self.out, "{line}")?;
        self.out.flush()?;
        Ok(self.head)
    }
}

/// Never equals the digest of a row or the tag of a head or a start.
fn tag(keyring: &Keyring, header: &str, head: &str) -> String {
    keyring.chain("segment", &format!("{header}\n{head}"))
}

fn to_line(of: &impl Serialize) -> io::Result<String> {
    serde_json::to_string(of).map_err(io::Error::from)
}

/// The next line without its line end; empty after the last line.
fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    input.by_ref().take(MAX_LINE).read_line(&mut text)?;
    // A line without a line end is the last one and truncated.
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or_default())
}

/// The value of a line, if serializing it gives the same line again.
fn exact<'a, T: Serialize + Deserialize<'a>>(line: &'a str) -> Option<T> {
    let value: T = serde_json::from_str(line).ok()?;
    (serde_json::to_string(&value).ok()? == line).then_some(value)
}

fn header(line: &str) -> Option<AuditHead> {
    let header: Header<'_> = exact(line)?;
    let start = format!("{}:{}", header.first.checked_sub(1)?, header.before);
    if header.segment == KIND { start.parse().ok() } else { None }
}

/// Verifies a segment: that no row was changed, removed, inserted or cut off since the export, and that anchors within
/// it are part of it. Anchors outside the segment are ignored.
///
/// # Errors
/// If the file cannot be read. A break is part of the report.
pub fn read_segment(input: &mut impl BufRead, keyring: &Keyring, anchors: &[AuditHead]) -> io::Result<SegmentReport> {
    let first = line(input)?;
    let Some(start) = header(&first) else {
        let broken = Some(AuditBreak { number: 0, fault: AuditFault::Header });
        let nothing = AuditHead::default;
        return Ok(SegmentReport { start: nothing(), head: nothing(), broken, steps: Vec::new() });
    };
    let mut checker = Checker::new(keyring, start.clone(), anchors);
    let mut steps = Vec::new();
    let broken = match checker.begin() {
        Err(broken) => Some(broken),
        Ok(()) => verify_rows(input, &first, &mut checker, &mut steps)?.err(),
    };
    let head = checker.last().clone();
    steps.push(head.clone());
    Ok(SegmentReport { start, head, broken, steps })
}

/// Verifies the rows up to the end of the file.
fn verify_rows(
    input: &mut impl BufRead,
    first: &str,
    checker: &mut Checker<'_>,
    steps: &mut Vec<AuditHead>,
) -> io::Result<Result<(), AuditBreak>> {
    let mut rows = 0_u64;
    loop {
        let text = line(input)?;
        let Some(row) = exact::<Row<'_>>(&text) else {
            let number = checker.last().number;
            let ends = is_end(&text, first, checker, rows) && input.fill_buf()?.is_empty();
            return Ok(if ends { Ok(()) } else { Err(AuditBreak { number, fault: AuditFault::End }) });
        };
        if let Err(broken) = checker.row(&stored(&row)) {
            return Ok(Err(broken));
        }
        rows += 1;
        if rows.is_multiple_of(STEP) {
            steps.push(checker.last().clone());
        }
    }
}

fn is_end(text: &str, first: &str, checker: &Checker<'_>, rows: u64) -> bool {
    let head = checker.last().to_string();
    exact::<End<'_>>(text)
        .is_some_and(|end| end.rows == rows && end.head == head && end.tag == tag(checker.keyring(), first, &head))
}

/// A row of a segment as a row of the ledger; its columns are derived from its text.
fn stored(row: &Row<'_>) -> StoredRow {
    let text = row.decision.get().to_owned();
    let columns = record(row.number, &text).map_or_else(Columns::default, |record| record.columns());
    let number = i64::try_from(row.number).unwrap_or(i64::MAX);
    StoredRow { number, columns, text, chain: row.chain.clone().into_owned() }
}
