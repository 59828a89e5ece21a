//! Whether a path still names the file that was opened.
//!
//! A connection goes on reading and writing a file that was deleted, moved away or replaced, and nobody would find there again
//! what it wrote.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;

use crate::migrate::{PortError, PortErrorKind};

/// The file that was opened at a path. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Place {
    path: Arc<Path>,
    identity: (u64, u64),
}

impl Place {
    /// The file that is at a path now.
    ///
    /// # Errors
    /// When there is none.
    pub fn at(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.into(), identity: identity(&std::fs::metadata(path)?) })
    }

    /// Whether it is still there: one look at the folder, a microsecond.
    ///
    /// # Errors
    /// [`PortErrorKind::Unavailable`] when the path names nothing or another file.
    pub fn check(&self, name: &str, operation: &'static str) -> Result<(), PortError> {
        let detail = match std::fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.identity => return Ok(()),
            Ok(_) => "another file has taken the place of the one that was opened; check it and start again".to_owned(),
            Err(error) => format!("the file is no longer there ({})", error.kind()),
        };
        Err(PortError::new(PortErrorKind::Unavailable, name, operation).because(detail))
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}
