//! The settings of the account store.

use std::path::PathBuf;

/// Where accounts are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// Whether the file is made when it is not there.
    pub making: Making,
}

/// Whether the file of a store is made when it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// It is.
    IfMissing,
    /// It is not: a store that is missing is an error.
    Never,
}

impl StoreSettings {
    /// A store in this file, which is made when it is not there.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), making: Making::IfMissing }
    }
}
