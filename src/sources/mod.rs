//! Legacy systems: sources of records, and verification of passwords against them.
//!
//! Every source finds a customer by any login in any spelling, returns `None` only when the customer does not exist,
//! and never picks one of two records. One suite, `suite_tests.rs`, tests all of them.

mod fault;
mod file;
mod logins;
mod memory;
mod sql;
mod stamp;
mod stored_hash;
#[cfg(test)]
mod suite_tests;

pub use fault::{Fault, Faults};
pub use file::{FileError, FileReport, FileSettings, FileSource, UnreadRecord};
pub use logins::LoginPathError;
pub use memory::MemorySource;
pub use sql::{ListSettings, ListShape, SqlError, SqlSettings, SqlSource, TemplateError, ascii_comparison};
pub use stored_hash::StoredHashVerifier;

use crate::migrate::{PortError, PortErrorKind};

/// Several records have the login, and we must not guess which one is the customer's.
fn ambiguous(name: &str) -> PortError {
    PortError::new(PortErrorKind::BadResponse, name, "fetch")
        .because("more than one record has this login")
        .about_one_record()
}

/// The record exceeds its limit.
fn too_large(name: &str, limit: usize) -> PortError {
    PortError::new(PortErrorKind::BadResponse, name, "fetch")
        .because(format!("the record is larger than {limit} bytes"))
        .about_one_record()
}
