//! Checks that a path still refers to the files that were opened.
//!
//! A connection keeps reading and writing files that were deleted, moved or replaced, and its writes would be lost. The
//! same holds for the journal: committed data stays there until it is copied into the database.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::{PortError, PortErrorKind};

/// The files beside a database in write-ahead mode: the journal, and the memory shared between processes
/// (<https://www.sqlite.org/walformat.html>).
const SIBLINGS: [&str; 2] = ["-wal", "-shm"];

/// The files opened at a path. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Place {
    files: Arc<[(PathBuf, (u64, u64))]>,
    /// The largest size of the database so far. It never shrinks by itself.
    bytes: Arc<AtomicU64>,
}

impl Place {
    /// The files currently at a path. They must stay open as long as this value lives, because SQLite removes the
    /// journal when the last connection closes.
    ///
    /// # Errors
    /// If one of them does not exist.
    pub fn at(path: &Path) -> io::Result<Self> {
        let mut files = vec![(path.to_owned(), identity(&fs::metadata(path)?))];
        for end in SIBLINGS {
            let sibling = sibling(path, end);
            let identity = identity(&fs::metadata(&sibling)?);
            files.push((sibling, identity));
        }
        Ok(Self { files: files.into(), bytes: Arc::default() })
    }

    /// Checks that the files are still there. Takes a few microseconds.
    ///
    /// # Errors
    /// [`PortErrorKind::Unavailable`] if a path refers to no file or to another file, or the database has been
    /// truncated.
    pub fn check(&self, name: &str, operation: &'static str) -> Result<(), PortError> {
        let unavailable = |detail: String| PortError::new(PortErrorKind::Unavailable, name, operation).because(detail);
        for (at, (path, opened)) in self.files.iter().enumerate() {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            let metadata = fs::metadata(path)
                .map_err(|error| unavailable(format!("the file `{file_name}` no longer exists ({})", error.kind())))?;
            if identity(&metadata) != *opened {
                return Err(unavailable(format!(
                    "the file `{file_name}` was replaced; check it and restart the service"
                )));
            }
            if at == 0 && metadata.len() < self.bytes.fetch_max(metadata.len(), Ordering::Relaxed) {
                return Err(unavailable(format!("the file `{file_name}` was truncated")));
            }
        }
        Ok(())
    }
}

/// Rejects a database that is missing or empty while its journal is not: SQLite would create a new database and empty
/// the journal, losing everything that was not copied yet.
///
/// # Errors
/// [`PortErrorKind::Misconfigured`] in that case.
pub(super) fn reject_orphaned_journal(path: &Path, name: &str) -> Result<(), PortError> {
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let journal = sibling(path, "-wal");
    if bytes(path) > 0 || bytes(&journal) == 0 {
        return Ok(());
    }
    let detail = format!(
        "`{}` is missing or empty, but its journal `{}` is not; restore the database next to its journal",
        path.display(),
        journal.display()
    );
    Err(PortError::new(PortErrorKind::Misconfigured, name, "open").because(detail))
}

/// Whether a non-empty file exists.
pub(super) fn exists(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
}

fn sibling(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// The identity of a file regardless of its path: device and inode number.
#[cfg(unix)]
pub(crate) fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// The identity of a file; not available on this platform.
#[cfg(not(unix))]
pub(crate) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
