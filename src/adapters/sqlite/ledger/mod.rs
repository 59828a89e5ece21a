//! The ledger: the migration state of every customer, the attempts, the audit, and the events to be sent.
//!
//! [`SqliteLedger`] stores it in one SQLite file;
//! [`MemoryLedger`](crate::adapters::memory::MemoryLedger) keeps it in memory, for tests and benchmarks. One test suite
//! checks that both behave the same.

mod attempts;
mod audit;
mod binding;
mod entries;
mod export;
mod legacy_use;
mod limits;
mod logins;
mod nonces;
mod observations;
mod outbox;
mod report;
mod reversal;
mod schema;
mod store;
mod undelivered;

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod size_tests;

pub use store::SqliteLedger;
