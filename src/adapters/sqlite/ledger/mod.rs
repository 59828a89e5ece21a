//! The ledger: the migration state of every customer, the attempts, the audit, and the events to be sent.
//!
//! [`SqliteLedger`] stores it in one SQLite file; [`MemoryLedger`] keeps it in memory, for tests and benchmarks. One
//! test suite checks that both behave the same.

pub(in crate::adapters) mod attempts;
mod audit;
mod binding;
mod entries;
mod export;
pub(in crate::adapters) mod nonces;
pub(in crate::adapters) mod outbox;
mod report;
mod reversal;
mod schema;
pub(in crate::adapters) mod stamp;
mod store;

pub use audit::{
    AnchorError, AuditBreak, AuditFault, AuditFilter, AuditHead, AuditHeadError, AuditRecord, AuditReport,
    SegmentReport, SegmentStart, read_anchors, read_segment,
};
pub use export::ExportError;
pub use report::{EntryFilter, EntryPage, EntryReport, OutcomeCount, Summary};
pub use store::SqliteLedger;
