//! The result of verifying the audit.

use std::fmt;

use super::AuditHead;

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
