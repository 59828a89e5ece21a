//! Where the records of a bulk creation come from. They are read more than once.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Arguments;
use crate::adapters::registry::{Listing, SourceContext, Unlisted};
use crate::cli::CommandError;
use crate::cli::input::{is_dash, records_of, source};
use crate::config::Loaded;
use crate::formats::{Format, ReadOptions, Reading, Records, Source};
use crate::rules::RecordsPath;

/// The records.
pub(super) struct Input {
    from: Origin,
    format: Option<Format>,
    at: Option<RecordsPath>,
    options: ReadOptions,
    /// How many bytes were read in this pass.
    read: Arc<AtomicU64>,
}

enum Origin {
    File(PathBuf),
    /// Standard input, copied to a file without a name: the logins are compared before the first account is created.
    Copied(File),
    /// The pages of a database, which are read once.
    Pages(Mutex<Option<Records>>),
}

/// Counts what is read.
struct Counted {
    source: Source,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}

impl Input {
    /// The records of `--in`, or those of the source. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If standard input cannot be copied, or the source does not list its records.
    pub(super) fn open(arguments: &Arguments, loaded: &Loaded, name: &str) -> Result<Self, CommandError> {
        let system = loaded.settings.systems().find(|system| system.source.adapter().name() == name);
        let system = system.ok_or_else(|| CommandError::new(format!("there is no source `{name}`")))?;
        let adapter = system.source.adapter();
        let longest = adapter.record_limit().max(ReadOptions::default().record_bytes);
        let of = |from, format, at| Self {
            from,
            format,
            at,
            options: ReadOptions { record_bytes: longest },
            read: Arc::default(),
        };
        if let Some(path) = &arguments.input {
            let from = if is_dash(path) { Origin::Copied(copy(path)?) } else { Origin::File(path.clone()) };
            return Ok(of(from, arguments.from, arguments.records.clone()));
        }
        let context = SourceContext { folder: &loaded.folder, identifiers: loaded.settings.identifier.profile() };
        let unlisted = |Unlisted { message, help }| CommandError::new(message).help(help);
        Ok(match adapter.listing(context).map_err(unlisted)? {
            Listing::Export { path, format, records } => {
                let at = records.map(|at| at.parse()).transpose().map_err(CommandError::new)?;
                of(Origin::File(path), format, at)
            }
            Listing::Records(records) => of(Origin::Pages(Mutex::new(Some(records))), None, None),
        })
    }

    /// Reads the records from the first one.
    ///
    /// # Errors
    /// If they cannot be read, or their format cannot be detected.
    pub(super) fn records(&self) -> Result<(Records, Reading), CommandError> {
        self.read.store(0, Ordering::Relaxed);
        let (bytes, path): (Source, PathBuf) = match &self.from {
            Origin::File(path) => (source(path)?, path.clone()),
            Origin::Copied(file) => {
                let mut again = file.try_clone()?;
                again.seek(SeekFrom::Start(0))?;
                (Box::new(again), PathBuf::from("-"))
            }
            Origin::Pages(records) => {
                let records = records.lock().unwrap_or_else(PoisonError::into_inner).take();
                return Ok((records.unwrap_or_else(|| Box::new(std::iter::empty())), Reading::default()));
            }
        };
        let counted = Box::new(Counted { source: bytes, read: Arc::clone(&self.read) });
        records_of(counted, &path, self.format, self.options, self.at.clone())
    }

    /// How many bytes were read, of how many; `None` if nobody knows.
    pub(super) fn position(&self) -> Option<(u64, u64)> {
        let about = match &self.from {
            Origin::File(path) => std::fs::metadata(path).ok(),
            Origin::Copied(file) => file.metadata().ok(),
            Origin::Pages(_) => None,
        };
        let length = about.filter(std::fs::Metadata::is_file)?.len();
        Some((self.read.load(Ordering::Relaxed).min(length), length))
    }
}

fn copy(path: &std::path::Path) -> Result<File, CommandError> {
    let mut bytes = source(path)?;
    let copied = tempfile::tempfile().and_then(|mut file| io::copy(&mut bytes, &mut file).map(|_| file));
    copied.map_err(|error| {
        CommandError::new(format!("cannot copy standard input to a temporary file: {}", error.kind()))
            .help("give a file with `--in`, or set TMPDIR to a folder with more room")
    })
}
