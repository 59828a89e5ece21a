//! Segments of the audit: the oldest rows, exported to a file.

use std::io;

use thiserror::Error;

use super::{AuditBreak, AuditHead, PortError};

/// The result of verifying a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// The last row before the segment.
    pub start: AuditHead,
    /// The last row that was verified.
    pub head: AuditHead,
    /// The first break; `None` if the segment is intact.
    pub broken: Option<AuditBreak>,
    /// Verified rows at regular distances, including the last one: where a removal may pause.
    pub(crate) steps: Vec<AuditHead>,
}

impl SegmentReport {
    /// The verified rows after which a removal may pause.
    #[must_use]
    pub fn steps(&self) -> &[AuditHead] {
        &self.steps
    }
}

/// Why rows cannot be exported or removed.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The ledger gave no usable answer.
    #[error(transparent)]
    Ledger(#[from] PortError),
    /// The segment cannot be written.
    #[error("cannot write the segment: {0}")]
    Write(io::ErrorKind),
    /// The audit or the segment is broken.
    #[error("{0}")]
    Broken(AuditBreak),
    /// The segment begins too late: some rows between the start of the ledger and the segment are in neither.
    #[error(
        "the segment starts after row {0}, but the ledger starts after row {1}; remove the segment with the rows between them first"
    )]
    Gap(u64, u64),
    /// The segment does not belong to this ledger.
    #[error("the segment does not belong to this ledger: its head is not row {0} of the ledger")]
    Foreign(u64),
}
