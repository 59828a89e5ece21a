//! Which file a path names, and whether it is still the same.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::sqlite::file_identity;

/// A file as it was at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    identity: (u64, u64),
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// The stamp of metadata.
    pub fn of(metadata: &Metadata) -> Self {
        Self { identity: file_identity(metadata), bytes: metadata.len(), modified: metadata.modified().ok() }
    }

    /// The stamp of the file at a path.
    ///
    /// # Errors
    /// When there is none, or it cannot be looked at.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::of(&metadata))
    }

    /// Whether two stamps name the same file, whatever was written to it.
    pub fn is_same_file(self, other: Self) -> bool {
        self.identity == other.identity
    }
}
