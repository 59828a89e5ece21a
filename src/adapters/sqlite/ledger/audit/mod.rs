//! The audit: every decision, append-only, each chained to the previous one by a keyed digest.
//!
//! The digest of a row covers the digest of the previous row and the row's text, so any change, deletion, swap or
//! insertion without the key breaks the chain. The head of the chain is stored beside the rows with its own tag, so
//! rows cut off the end are detected too; only resetting the whole file to an earlier state is not. To detect that, an
//! operator keeps a head elsewhere and later [verifies](super::SqliteLedger::verify_with) that it is still part of the
//! chain.
//!
//! The oldest rows can be exported as a [segment](read_segment), which can be verified on its own, and then removed.
//! The ledger keeps the head of the segment, with a tag, as the start of the remaining rows.

mod anchor;
mod append;
mod check;
mod head;
mod page;
mod record;
mod segment;
mod start;

#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod tamper_tests;

pub use anchor::{AnchorError, read_anchors};
pub(super) use append::append;
pub use check::{AuditBreak, AuditFault, AuditReport};
pub(super) use check::{Checker, RowTuple, SELECT_ROWS, StoredRow, verify};
pub use head::{AuditHead, AuditHeadError};
pub(super) use head::{create, head};
pub use page::AuditFilter;
pub(super) use page::page;
pub use record::AuditRecord;
pub(super) use segment::SegmentWriter;
pub use segment::{SegmentReport, SegmentStart, read_segment};
pub(super) use start::{SEGMENTS, advance, start};
