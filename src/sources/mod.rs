//! Legacy systems: where records come from, and what proves passwords against them.
//!
//! Every source finds a customer by any login in any spelling, answers "none" only when it knows that there is none, and never
//! answers one of two records. One suite, `suite_tests.rs`, holds all of them to it.

mod fault;
mod file;
mod memory;
mod sql;
mod stored_hash;
#[cfg(test)]
mod suite_tests;

pub use fault::{Fault, Faults};
pub use file::{FileError, FileReport, FileSettings, FileSource, UnreadRecord};
pub use memory::MemorySource;
pub use sql::{ListSettings, ListShape, SqlError, SqlSettings, SqlSource};
pub use stored_hash::StoredHash;
