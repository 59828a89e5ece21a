//! Access to the files that tests name, and to snapshots. This module itself opens no files.

use crate::engine::compile::Loaded;

/// The files beside a test file. Paths are relative to the file that names them.
pub trait Shelf {
    /// The files that match a pattern, sorted by name; `*` in its last part stands for any text.
    ///
    /// # Errors
    /// One sentence that says why they cannot be read; a pattern without a match is an error, too.
    fn find(&self, asker: &str, pattern: &str) -> Result<Vec<Loaded>, String>;

    /// The text of a snapshot, if it exists.
    ///
    /// # Errors
    /// One sentence that says why it cannot be read.
    fn snapshot(&self, asker: &str, name: &str) -> Result<Option<String>, String>;

    /// Writes a snapshot, with the folders above it.
    ///
    /// # Errors
    /// One sentence that says why it cannot be written.
    fn write_snapshot(&self, asker: &str, name: &str, text: &str) -> Result<(), String>;
}
