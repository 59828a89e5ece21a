//! The settings of the account store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where accounts are stored.
///
/// ```
/// let settings: landfall::adapters::sqlite::StoreSettings = serde_yaml::from_str("{ path: data/accounts.db }")?;
/// assert_eq!(settings, landfall::adapters::sqlite::StoreSettings::new("data/accounts.db"));
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// The SQLite file; created if it is missing.
    pub path: PathBuf,
}

impl StoreSettings {
    /// A store in this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}
