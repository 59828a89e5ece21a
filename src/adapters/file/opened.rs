//! One state of an export with its index, kept or built.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};

use super::build::{self, Context, FileError, FileReport};
use super::index::Index;
use super::kept::{Kept, Origin};
use super::positioned;
use super::store::{Layout, Store};
use crate::adapters::file_stamp::Stamp;
use crate::adapters::sqlite::file_identity;

/// Exports up to this size are indexed in memory at each start unless a place is set: it takes less than a second or two.
const SMALL_BYTES: u64 = 16 * 1024 * 1024;

/// Pieces of the content that are compared before an index is used again, and their length.
const PIECES: u64 = 64;
const PIECE_BYTES: u64 = 4096;

/// A state of the export.
pub(super) struct Opened {
    pub store: Store,
    pub index: Index,
    pub report: FileReport,
    pub stamp: Stamp,
    /// The export itself, which stays readable when another file takes its name.
    export: File,
}

impl Opened {
    /// Opens the export with the index that was kept, or builds one.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open(context: &Context<'_>) -> Result<Self, FileError> {
        let settings = context.settings;
        let unread = |error| FileError::Read { path: settings.path.clone(), error };
        // opening a pipe would wait for its writer
        if !fs::metadata(&settings.path).map_err(unread)?.is_file() {
            return Err(FileError::NoFile(settings.path.clone()));
        }
        let file = File::open(&settings.path).map_err(unread)?;
        let metadata = file.metadata().map_err(unread)?;
        let stamp = Stamp::of(&metadata);
        let export = file.try_clone().map_err(unread)?;
        let place = place(context, metadata.len());
        let origin = origin(context, &file, &metadata).map_err(unread)?;
        if let Some(kept) = place.as_deref().and_then(|path| Kept::open(path, &origin).ok().flatten())
            && let Ok(store) =
                Store::slices(export.try_clone().map_err(unread)?, &kept.about, settings.columns.as_deref())
        {
            let report = kept.about.report.clone();
            return Ok(Self { store, index: Index::Kept(kept), report, stamp, export });
        }
        let (store, index, report) = match &place {
            Some(path) => build::kept(file, context, path, &origin)?,
            None => build::in_memory(file, context)?,
        };
        if Stamp::at(&settings.path).map_err(unread)? != stamp {
            return Err(FileError::Changed(settings.path.clone()));
        }
        Ok(Self { store, index, report, stamp, export })
    }

    /// Whether the content is still what was indexed, whatever has its name now.
    pub fn is_intact(&self) -> bool {
        matches!(self.store.layout, Layout::Spool)
            || self.export.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
    }
}

/// Where the index is kept; `None` keeps it in memory.
fn place(context: &Context<'_>, bytes: u64) -> Option<PathBuf> {
    let settings = context.settings;
    match &settings.index {
        Some(place) if place == Path::new("memory") => None,
        Some(place) => Some(place.clone()),
        None if bytes <= SMALL_BYTES => None,
        None => {
            let mut name = settings.path.clone().into_os_string();
            name.push(".landfall-index");
            Some(name.into())
        }
    }
}

fn origin(context: &Context<'_>, file: &File, metadata: &fs::Metadata) -> io::Result<Origin> {
    let settings = context.settings;
    let (device, inode) = file_identity(metadata);
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let stamp = (device, inode, metadata.len(), modified.as_secs(), modified.subsec_nanos());
    // another version may read records or logins in another way
    let relevant =
        (env!("CARGO_PKG_VERSION"), settings.named_format(), &settings.records, &settings.columns, &settings.logins);
    let relevant = format!("{relevant:?} {} {:?}", settings.record_limit, context.profile);
    Ok(Origin { stamp, sample: sample(file, metadata.len())?, settings: Sha256::digest(relevant).into() })
}

/// A hash of pieces from the whole length of a file.
fn sample(file: &File, length: u64) -> io::Result<[u8; 32]> {
    let mut digest = Sha256::new();
    for piece in 0..=PIECES {
        let last = u128::from(length.saturating_sub(PIECE_BYTES));
        let offset = u64::try_from(last * u128::from(piece) / u128::from(PIECES)).unwrap_or(0);
        let mut bytes = vec![0; usize::try_from(PIECE_BYTES.min(length)).unwrap_or(0)];
        positioned::read(file, &mut bytes, offset)?;
        digest.update(&bytes);
    }
    Ok(digest.finalize().into())
}
