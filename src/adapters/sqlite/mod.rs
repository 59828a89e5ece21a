//! SQLite: an account store and a ledger, each in a file of its own.

mod accounts;
pub(in crate::adapters) mod database;
pub(in crate::adapters) mod ledger;
mod settings;

pub use accounts::AccountStore;
pub use database::*;
pub use ledger::*;
pub use settings::{AccountStoreSettings, check_file, located, private_file};
