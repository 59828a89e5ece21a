//! The ledger: how far every customer is, the attempts, the audit, and the events that wait to be sent.
//!
//! [`SqliteLedger`] keeps them in one SQLite file; [`MemoryLedger`] keeps the same ledger in memory, for tests and benches.
//! One suite holds both to the same behaviour.

mod attempts;
mod audit;
mod binding;
mod counters;
mod entries;
mod export;
mod memory;
mod nonces;
mod outbox;
mod outbox_memory;
mod report;
mod reversal;
mod schema;
mod sqlite;
mod stamp;

#[cfg(test)]
mod attempts_tests;
#[cfg(test)]
mod behaviour_tests;

pub use audit::{
    AnchorError, AuditBreak, AuditFault, AuditFilter, AuditHead, AuditHeadError, AuditRecord, AuditReport,
    SegmentReport, SegmentStart, read_anchors, read_segment,
};
pub use export::ExportError;
pub use memory::MemoryLedger;
pub use report::{EntryFilter, EntryPage, EntryReport, OutcomeCount, Summary};
pub use sqlite::SqliteLedger;
