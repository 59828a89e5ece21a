//! The audit: every decision, append-only, each chained to the one before by a keyed digest.
//!
//! The digest of a row covers the digest of the row before and the row's text, so a change, a deletion, a swap or an insertion
//! breaks the chain for whoever does not have the key. The head of the chain is kept beside the rows with a tag of its own,
//! so that cutting rows off the end shows too; only setting the whole file back to an earlier state does not. Against that an
//! operator keeps a head elsewhere, and later [verifies](super::SqliteLedger::verify_with) that it is still part of the chain.
//!
//! The oldest rows can be exported as a [segment](read_segment), which is verified on its own, and then removed. The ledger keeps
//! the head of the segment, with a tag, as the start of what remains.

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
pub(super) use head::{found, head};
pub use page::AuditFilter;
pub(super) use page::page;
pub use record::AuditRecord;
pub(super) use segment::SegmentWriter;
pub use segment::{SegmentReport, SegmentStart, read_segment};
pub(super) use start::{SEGMENTS, advance, start};
