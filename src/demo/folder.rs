//! The folder of the demo's files: a temporary one that is removed with the demo, or one that is kept.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use crate::random;

/// The folder of the shop, the account store and the ledger.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

impl Folder {
    /// A new folder for this run, which other users cannot read. It is removed when the value is dropped.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn temporary() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("landfall-demo-{}", random::id()?));
        private(&mut DirBuilder::new()).create(&path)?;
        Ok(Self { path, kept: Kept::No })
    }

    /// A folder that is kept; it is created if it is missing.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn kept(path: &Path) -> io::Result<Self> {
        private(DirBuilder::new().recursive(true)).create(path)?;
        Ok(Self { path: path.to_owned(), kept: Kept::Yes })
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.kept == Kept::No {
            // an error has nowhere to go
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(unix)]
fn private(builder: &mut DirBuilder) -> &mut DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    builder.mode(0o700)
}

#[cfg(not(unix))]
fn private(builder: &mut DirBuilder) -> &mut DirBuilder {
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_removed_with_its_files() {
        let folder = Folder::temporary().unwrap();
        let path = folder.path().to_owned();
        fs::write(folder.file("shop.db"), "x").unwrap();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_kept_folder_stays() {
        let around = tempfile::tempdir().unwrap();
        let path = around.path().join("a/b");
        drop(Folder::kept(&path).unwrap());
        assert!(path.is_dir());
        assert!(Folder::kept(&path).is_ok());
    }
}
