//! Verifies the chain from its start to its head.

use std::fmt;

use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, SqliteConnection};

use super::head::{AuditHead, StoredHead, stored};
use super::record::{Columns, record};
use super::start::stored_start;
use crate::ports::Keyring;

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The last row that was exported and removed; verification covers the rows after it. The default if none was
    /// removed.
    pub start: AuditHead,
    /// The last row that was verified, as all rows from the start. Kept elsewhere, it later verifies that nothing up to
    /// it was changed.
    pub head: AuditHead,
    /// Anchors before the start: only the exported segments can verify them.
    pub exported: Vec<AuditHead>,
    /// The first break; `None` if the audit is intact.
    pub broken: Option<AuditBreak>,
}

/// Where the audit was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the row.
    pub number: u64,
    /// What is wrong with it.
    pub fault: AuditFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// No row has this number.
    Missing,
    /// Its text, or the chain before it, was changed.
    Changed,
    /// The columns used for counting and searching do not match its text.
    Columns,
    /// The stored head is missing, has an invalid tag, or is not this row.
    Head,
    /// The anchor is not part of the chain.
    Anchor,
    /// The tag of the stored start is invalid.
    Start,
    /// The row exists although it was exported and removed.
    Exported,
    /// The first line of a segment is invalid.
    Header,
    /// The last line of a segment is missing, invalid, or followed by more data.
    End,
}

impl AuditFault {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Columns => "columns",
            Self::Head => "head",
            Self::Anchor => "anchor",
            Self::Start => "start",
            Self::Exported => "exported",
            Self::Header => "header",
            Self::End => "end",
        }
    }
}

impl fmt::Display for AuditBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, fault } = self;
        match fault {
            AuditFault::Missing => write!(f, "row {number} is missing"),
            AuditFault::Changed => write!(f, "row {number} was changed"),
            AuditFault::Columns => write!(f, "the columns of row {number} do not match its text"),
            AuditFault::Head => write!(f, "the stored head does not match row {number}"),
            AuditFault::Anchor => write!(f, "row {number} does not match its anchor"),
            AuditFault::Start => write!(f, "the stored start at row {number} was changed"),
            AuditFault::Exported => write!(f, "row {number} exists although it was exported"),
            AuditFault::Header => write!(f, "the first line of the segment is invalid"),
            AuditFault::End => write!(f, "the segment does not end correctly after row {number}"),
        }
    }
}

/// A row as stored.
#[derive(Debug, Clone)]
pub(in crate::adapters::sqlite::ledger) struct StoredRow {
    pub number: i64,
    pub columns: Columns,
    pub text: String,
    pub chain: String,
}

impl StoredRow {
    /// Its time, as stored.
    pub(in crate::adapters::sqlite::ledger) fn at(&self) -> i64 {
        self.columns.0
    }
}

/// A row as selected.
pub(in crate::adapters::sqlite::ledger) type RowTuple =
    (i64, i64, String, String, String, Option<String>, i64, String, String);

impl From<RowTuple> for StoredRow {
    fn from(row: RowTuple) -> Self {
        let (number, at, outcome, reason, subject, customer, count, text, chain) = row;
        Self { number, columns: (at, outcome, reason, subject, customer, count), text, chain }
    }
}

/// All rows, oldest first.
pub(in crate::adapters::sqlite::ledger) const SELECT_ROWS: &str =
    "SELECT number, at, outcome, reason, subject, customer, count, text, chain FROM audit ORDER BY number";

/// Verifies the chain row by row.
pub(in crate::adapters::sqlite::ledger) struct Checker<'a> {
    keyring: &'a Keyring,
    /// The anchors still ahead, the last one first.
    anchors: Vec<&'a AuditHead>,
    exported: Vec<AuditHead>,
    start: AuditHead,
    last: AuditHead,
}

impl<'a> Checker<'a> {
    /// A checker that begins after the start. An anchor with number 0 is part of every chain.
    pub(in crate::adapters::sqlite::ledger) fn new(
        keyring: &'a Keyring,
        start: AuditHead,
        anchors: &'a [AuditHead],
    ) -> Self {
        let is_ahead = |anchor: &&AuditHead| anchor.number > 0 && anchor.number >= start.number;
        let mut ahead: Vec<&AuditHead> = anchors.iter().filter(is_ahead).collect();
        ahead.sort_by_key(|anchor| std::cmp::Reverse(anchor.number));
        let behind = anchors.iter().filter(|anchor| anchor.number > 0 && anchor.number < start.number);
        Self { keyring, anchors: ahead, exported: behind.cloned().collect(), last: start.clone(), start }
    }

    pub(super) fn keyring(&self) -> &'a Keyring {
        self.keyring
    }

    /// The last row that was verified.
    pub(in crate::adapters::sqlite::ledger) fn last(&self) -> &AuditHead {
        &self.last
    }

    /// Checks the anchors at the start itself.
    pub(super) fn begin(&mut self) -> Result<(), AuditBreak> {
        let start = self.start.clone();
        self.check_anchors(&start)
    }

    /// Checks the anchors of a row.
    fn check_anchors(&mut self, row: &AuditHead) -> Result<(), AuditBreak> {
        while let Some(anchor) = self.anchors.pop_if(|anchor| anchor.number <= row.number) {
            if anchor != row {
                return Err(AuditBreak { number: anchor.number, fault: AuditFault::Anchor });
            }
        }
        Ok(())
    }

    /// Verifies the next row.
    pub(in crate::adapters::sqlite::ledger) fn row(&mut self, row: &StoredRow) -> Result<(), AuditBreak> {
        let number = self.last.number.saturating_add(1);
        let broken = |fault| Err(AuditBreak { number, fault });
        match u64::try_from(row.number) {
            Ok(found) if found == number => {}
            Ok(found) if found > number => return broken(AuditFault::Missing),
            Ok(found) if found <= self.start.number => {
                return Err(AuditBreak { number: found, fault: AuditFault::Exported });
            }
            _ => return broken(AuditFault::Changed),
        }
        let chain = self.keyring.chain(&self.last.chain, &row.text);
        if chain != row.chain {
            return broken(AuditFault::Changed);
        }
        if record(number, &row.text).is_none_or(|record| record.columns() != row.columns) {
            return broken(AuditFault::Columns);
        }
        let head = AuditHead { number, chain };
        self.check_anchors(&head)?;
        self.last = head;
        Ok(())
    }

    /// Checks the end of the chain against the stored head and the remaining anchors.
    pub(super) fn end(&self, stored: Option<StoredHead>) -> Result<(), AuditBreak> {
        let number = self.last.number;
        if let Some(anchor) = self.anchors.last() {
            return Err(AuditBreak { number: anchor.number, fault: AuditFault::Anchor });
        }
        match stored.and_then(|stored| stored.verified(self.keyring)) {
            Some(head) if head == self.last => Ok(()),
            Some(head) if head.number > number => {
                Err(AuditBreak { number: number.saturating_add(1), fault: AuditFault::Missing })
            }
            _ => Err(AuditBreak { number, fault: AuditFault::Head }),
        }
    }

    pub(super) fn report(self, broken: Option<AuditBreak>) -> AuditReport {
        AuditReport { start: self.start, head: self.last, exported: self.exported, broken }
    }
}

/// Verifies all rows in one snapshot.
pub(in crate::adapters::sqlite::ledger) async fn verify(
    connection: &mut SqliteConnection,
    keyring: &Keyring,
    anchors: &[AuditHead],
) -> Result<AuditReport, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let stored = stored(&mut snapshot).await?;
    let (start, begins) = match stored_start(&mut snapshot).await? {
        None => (AuditHead::default(), Ok(())),
        Some(start) => {
            let broken = AuditBreak { number: start.head.number, fault: AuditFault::Start };
            (start.head.clone(), start.verified(keyring).map(drop).ok_or(broken))
        }
    };
    let mut checker = Checker::new(keyring, start, anchors);
    if let Err(broken) = begins.and_then(|()| checker.begin()) {
        return Ok(checker.report(Some(broken)));
    }
    let mut rows = sqlx::query_as::<_, RowTuple>(SELECT_ROWS).fetch(&mut *snapshot);
    while let Some(row) = rows.try_next().await? {
        if let Err(broken) = checker.row(&row.into()) {
            return Ok(checker.report(Some(broken)));
        }
    }
    drop(rows);
    let broken = checker.end(stored).err();
    Ok(checker.report(broken))
}
