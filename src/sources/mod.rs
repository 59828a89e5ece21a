//! Legacy systems: where records come from, and what verifies passwords against them.
//!
//! Every source finds a customer by any login in any spelling, answers "none" only when it knows that there is none, and never
//! answers one of two records. One suite, `suite_tests.rs`, holds all of them to it.

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

/// Two records have the login; which of them the customer is, is not for us to say.
fn ambiguous(name: &str) -> PortError {
    PortError::new(PortErrorKind::BadResponse, name, "fetch")
        .because("more than one record has this login")
        .about_one_record()
}

/// The record is over its limit.
fn too_large(name: &str, limit: usize) -> PortError {
    PortError::new(PortErrorKind::BadResponse, name, "fetch")
        .because(format!("the record is larger than {limit} bytes"))
        .about_one_record()
}
