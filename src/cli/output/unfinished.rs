//! Files that are being written under a temporary name. When a signal ends the process, they are removed first.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use tempfile::{NamedTempFile, TempPath};

use crate::cli::signals;
use crate::settings::folder_of;

/// The temporary files of this process.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Whether a file at the final name is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the output is not written.
    Stays,
    /// It is replaced.
    IsReplaced,
}

/// Who can read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner, because it contains personal data, and possibly stored passwords.
    Owner,
    /// As with any other file: what the umask allows, or what the replaced file allowed.
    AsUsual,
}

/// A file without its final name. It is removed unless it is [published](Unfinished::publish).
#[derive(Debug)]
pub(super) struct Unfinished {
    /// `None` once it has its final name.
    path: Option<TempPath>,
    name: PathBuf,
    existing: Existing,
}

impl Unfinished {
    /// Creates a file beside `name`, which may be a link to another place.
    ///
    /// # Errors
    /// If it cannot be created, or signals cannot be waited for.
    pub fn beside(name: &Path, existing: Existing, readers: Readers) -> io::Result<(Self, File)> {
        remove_on_signals()?;
        let name = std::fs::canonicalize(name).unwrap_or_else(|_| name.to_owned());
        let mut unfinished = lock();
        let mut builder = tempfile::Builder::new();
        builder.prefix(".landfall-").suffix(".tmp");
        #[cfg(unix)]
        if readers == Readers::AsUsual {
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        }
        let temporary: NamedTempFile = builder.tempfile_in(folder_of(&name))?;
        let (file, path) = temporary.into_parts();
        if let (Readers::AsUsual, Ok(about)) = (readers, std::fs::metadata(&name)) {
            file.set_permissions(about.permissions())?;
        }
        unfinished.push(path.to_path_buf());
        Ok((Self { path: Some(path), name, existing }, file))
    }

    fn publish(mut self) -> io::Result<()> {
        let Some(path) = self.path.take() else { return Ok(()) };
        match self.existing {
            Existing::Stays => path.persist_noclobber(&self.name),
            Existing::IsReplaced => path.persist(&self.name),
        }
        .map_err(|error| error.error)?;
        // so that the name survives a loss of power, too; not every file system can do that
        let _ = File::open(folder_of(&self.name)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Gives files their final names, in this order; each comes with what it is called in errors. Their content must be on disk.
///
/// # Errors
/// If that fails, or there is a file that stays.
pub(super) fn publish(files: Vec<(String, Unfinished)>) -> Result<(), (String, io::Error)> {
    let mut files = files.into_iter();
    // no signal ends the process between two of them
    let mut unfinished = lock();
    let failed = files.find_map(|(name, file)| {
        let temporary = file.path.as_ref().map(|path| path.to_path_buf());
        let published = file.publish();
        unfinished.retain(|path| Some(path) != temporary.as_ref());
        published.err().map(|error| (name, error))
    });
    // the others remove themselves, for which they need the list
    drop(unfinished);
    failed.map_or(Ok(()), Err)
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let temporary = path.to_path_buf();
            let mut unfinished = lock();
            drop(path);
            unfinished.retain(|path| *path != temporary);
        }
    }
}

fn lock() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a thread for SIGINT, SIGTERM and SIGHUP. The first one removes the temporary files and ends the process, whatever
/// it is doing: reading a pipe may take forever.
fn remove_on_signals() -> io::Result<()> {
    static WAITS: Once = Once::new();
    let mut outcome = Ok(());
    WAITS.call_once(|| {
        outcome = signals::on_first(|kind| {
            let unfinished = lock();
            for path in unfinished.iter() {
                let _ = std::fs::remove_file(path);
            }
            if !unfinished.is_empty() {
                anstream::eprintln!("error: the run was interrupted, and its files were not written");
            }
            // the lock is kept: no file gets its final name after this
            std::process::exit(128 + kind.as_raw_value());
        });
    });
    outcome
}
