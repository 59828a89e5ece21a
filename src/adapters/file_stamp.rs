//! Identifies the file at a path, and detects changes.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::adapters::sqlite::file_identity;

/// The identity and state of a file at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
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
    /// If there is no file, or its metadata cannot be read.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::of(&metadata))
    }

    /// Whether two stamps belong to the same file, regardless of its contents.
    pub fn is_same_file(self, other: Self) -> bool {
        self.identity == other.identity
    }
}
