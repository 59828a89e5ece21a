//! Sources, verifiers, account stores and ledgers: one module for each system that Landfall talks to.
//!
//! An adapter implements ports and nothing more: no retry, no time limit and no cap, which are guards.

pub(crate) mod accounts;
pub mod enriched;
pub mod file;
pub(crate) mod file_stamp;
pub(crate) mod handover;
pub mod http;
#[cfg(feature = "ldap")]
pub mod ldap;
mod ledgers;
pub mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(any(feature = "database-server", feature = "ldap"))]
mod pooling;
#[cfg(feature = "postgres")]
mod postgres;
pub(crate) mod product_rules;
mod refusal;
#[doc(hidden)]
pub mod registry;
pub mod scim;
pub mod sql;
pub mod sqlite;
pub mod stored_hash;
#[cfg(test)]
mod suites;
mod write_back;

use crate::ports::{PortError, PortErrorKind};

/// The default name of a source.
fn legacy() -> String {
    "legacy".to_owned()
}

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
