//! SQLite: an account store and a ledger, each in a file of its own, and legacy databases as sources.

mod accounts;
pub(in crate::adapters) mod codes;
pub(in crate::adapters) mod database;
pub(in crate::adapters) mod ledger;
mod settings;
pub(in crate::adapters) mod source;

pub use accounts::AccountStore;
#[cfg(feature = "postgres")]
pub(in crate::adapters) use accounts::upgrade as upgrade_accounts;
pub(crate) use database::file_identity;
#[doc(hidden)]
pub use database::{Batch, Database, Reader, Writer, WriterFigures, late, port_error, refusal};
pub use ledger::SqliteLedger;
pub(in crate::adapters) use settings::{check_file, located, open_accounts, open_ledger, private_file};
pub(in crate::adapters) use source::DATABASE;
#[cfg(test)]
pub(in crate::adapters) use source::DIALECT;
