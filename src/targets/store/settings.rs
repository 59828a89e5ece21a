//! The settings of the account store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where accounts are kept.
///
/// ```
/// let settings: landfall::targets::StoreSettings = serde_yaml::from_str("{ path: data/accounts.db }")?;
/// assert_eq!(settings.readers, 4);
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// The SQLite file; it is made when it is not there.
    pub path: PathBuf,
    /// Connections that read at the same time. Each sign-in reads twice, in microseconds; more than the cores gains nothing.
    #[serde(default = "readers")]
    pub readers: u32,
}

fn readers() -> u32 {
    4
}

impl StoreSettings {
    /// A store in this file, everything else by default.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: readers() }
    }
}
