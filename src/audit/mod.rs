//! The audit: every decision, append-only, each chained to the previous one by a keyed digest. What every ledger computes
//! is here; a ledger adds only where rows are stored.
//!
//! The digest of a row covers the digest of the previous row and the row's text, so any change, deletion, swap or
//! insertion without the key breaks the chain. The head of the chain is stored beside the rows with its own tag, so
//! rows cut off the end are detected too; only resetting the whole ledger to an earlier state is not. To detect that, an
//! operator keeps a head elsewhere and later [verifies](crate::ports::Reports::verify_with) that it is still part of the
//! chain.
//!
//! The oldest rows can be exported as a [segment](read_segment), which can be verified on its own, and then removed.
//! The ledger keeps the head of the segment, with a tag, as the start of the remaining rows.

mod anchor;
mod append;
mod check;
mod export;
mod head;
mod record;
mod segment;

#[cfg(test)]
mod tamper_tests;

pub use anchor::{AnchorError, read_anchors};
pub(crate) use append::NextRow;
pub(crate) use check::{Checker, StoredRow};
pub(crate) use export::{Export, may_remove};
pub(crate) use head::{StoredHead, StoredStart};
pub(crate) use record::record;
pub use segment::{SegmentStart, read_segment};
