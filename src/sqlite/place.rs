//! Whether a path still names the files that were opened.
//!
//! A connection goes on reading and writing files that were deleted, moved away or replaced, and nobody would find there again
//! what it wrote. That holds for the journal as well: what is committed stands in it until it is copied into the database.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::migrate::{PortError, PortErrorKind};

/// The files beside a database in write-ahead mode: the journal, and the memory that processes share
/// (<https://www.sqlite.org/walformat.html>).
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// The files that were opened at a path. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Place {
    files: Arc<[(PathBuf, (u64, u64))]>,
    /// The largest size of the database so far. It never shrinks by itself.
    bytes: Arc<AtomicU64>,
}

impl Place {
    /// The files that are at a path now. Somebody must have them open as long as this lives, or SQLite removes the journal when
    /// the last connection is closed.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn at(path: &Path) -> io::Result<Self> {
        let mut files = vec![(path.to_owned(), identity(&fs::metadata(path)?))];
        for end in BESIDE {
            let beside = beside(path, end);
            let identity = identity(&fs::metadata(&beside)?);
            files.push((beside, identity));
        }
        Ok(Self { files: files.into(), bytes: Arc::default() })
    }

    /// Whether they are still there: a look at the folder, a few microseconds.
    ///
    /// # Errors
    /// [`PortErrorKind::Unavailable`] when a path names nothing or another file, or the database has been cut.
    pub fn check(&self, name: &str, operation: &'static str) -> Result<(), PortError> {
        let gone = |detail: String| PortError::new(PortErrorKind::Unavailable, name, operation).because(detail);
        for (at, (path, opened)) in self.files.iter().enumerate() {
            let what = path.file_name().unwrap_or_default().to_string_lossy();
            let metadata = fs::metadata(path)
                .map_err(|error| gone(format!("the file `{what}` is no longer there ({})", error.kind())))?;
            if identity(&metadata) != *opened {
                return Err(gone(format!("`{what}` is not the file that was opened; check it and start again")));
            }
            if at == 0 && metadata.len() < self.bytes.fetch_max(metadata.len(), Ordering::Relaxed) {
                return Err(gone(format!("the file `{what}` has been cut")));
            }
        }
        Ok(())
    }
}

/// Refuses a database that is missing or empty while its journal is not: SQLite would make a new database and empty the journal,
/// and with it everything that was not copied yet.
///
/// # Errors
/// [`PortErrorKind::Misconfigured`] when it is so.
pub(super) fn refuse_orphaned_journal(path: &Path, name: &str) -> Result<(), PortError> {
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let journal = beside(path, "-wal");
    if bytes(path) > 0 || bytes(&journal) == 0 {
        return Ok(());
    }
    let detail = format!(
        "`{}` is missing or empty, and its journal `{}` is not; put the database back beside it",
        path.display(),
        journal.display()
    );
    Err(PortError::new(PortErrorKind::Misconfigured, name, "open").because(detail))
}

/// Whether there is a database: a file with something in it.
pub(super) fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

/// Which file it is, whatever its path: device and number.
#[cfg(unix)]
pub(crate) fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Which file it is; unknown on this platform.
#[cfg(not(unix))]
pub(crate) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
