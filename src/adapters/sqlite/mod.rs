//! SQLite: an account store and a ledger, each in a file of its own.

mod accounts;
pub(in crate::adapters) mod codes;
pub(in crate::adapters) mod database;
pub(in crate::adapters) mod ledger;

pub use accounts::{AccountStore, StoreSettings};
pub use database::*;
pub use ledger::*;
