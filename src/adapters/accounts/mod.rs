//! What account stores share: settings, new ids, rows, conflicts, and the check of a password with one hash.

pub(crate) mod id;
pub(in crate::adapters) mod new;
pub(in crate::adapters) mod row;
mod settings;
pub(crate) mod verification;

pub use settings::AccountStoreSettings;
#[cfg(feature = "postgres")]
pub(in crate::adapters) use settings::is_postgres;
