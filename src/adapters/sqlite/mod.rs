//! SQLite: an account store and a ledger, each in a file of its own, and legacy databases as sources.

mod accounts;
pub(in crate::adapters) mod codes;
pub(in crate::adapters) mod database;
pub(in crate::adapters) mod ledger;
pub(in crate::adapters) mod source;

pub use accounts::{AccountStore, StoreSettings};
pub use database::*;
pub use ledger::*;
pub(in crate::adapters) use source::DATABASE;
#[cfg(test)]
pub(in crate::adapters) use source::DIALECT;
