//! The folder of the demo's files: a temporary one that is removed with the demo, or one that is kept.

use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The folder of the shop, the account store and the ledger.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Removes a temporary folder when it is dropped.
    temporary: Option<TempDir>,
}

impl Folder {
    /// A new folder for this run, which other users cannot read. It is removed when the value is dropped.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn temporary() -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.prefix("landfall-demo-").tempdir()?;
        Ok(Self { path: folder.path().to_owned(), temporary: Some(folder) })
    }

    /// A folder that is kept; it is created if it is missing.
    ///
    /// # Errors
    /// The error of the operating system.
    pub fn kept(path: &Path) -> io::Result<Self> {
        private(DirBuilder::new().recursive(true)).create(path)?;
        Ok(Self { path: path.to_owned(), temporary: None })
    }

    /// The path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether the files outlive the demo.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
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
    use std::fs;

    #[test]
    fn a_temporary_folder_is_removed_with_its_files() {
        let folder = Folder::temporary().unwrap();
        let path = folder.path().to_owned();
        fs::write(folder.file("shop.db"), "x").unwrap();
        assert!(path.is_dir());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
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
