//! Where the records of a bulk creation come from. They are read more than once.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Arguments;
use crate::adapters::registry::{Listing, SourceContext, Unlisted};
use crate::cli::CommandError;
use crate::cli::input::{self, Opened, is_dash, source};
use crate::config::Loaded;
use crate::formats::{Format, ReadOptions, Records, Source};

/// The records.
pub(super) struct Input {
    from: Origin,
    records: input::Input,
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
        let options = ReadOptions::of_bytes(longest);
        if let Some(path) = &arguments.input.input {
            let records = arguments.input.prepare(options)?;
            let from = if is_dash(path) { Origin::Copied(copy(path)?) } else { Origin::File(path.clone()) };
            return Ok(Self { from, records, read: Arc::default() });
        }
        let context = SourceContext { folder: &loaded.folder, identifiers: loaded.settings.identifier.profile() };
        let unlisted = |Unlisted { message, help }| CommandError::new(message).help(help);
        Ok(match adapter.listing(context).map_err(unlisted)? {
            Listing::Export { path, format, records, columns } => {
                let at = records.map(|at| at.parse()).transpose().map_err(CommandError::new)?;
                let format = format.or(columns.as_ref().map(|_| Format::Csv));
                let options = ReadOptions { columns: columns.map(Into::into), ..options };
                let records = input::Input::whole_file(path.clone(), format, options, at);
                Self { from: Origin::File(path), records, read: Arc::default() }
            }
            Listing::Records(records) => {
                let from = Origin::Pages(Mutex::new(Some(records)));
                Self { from, records: input::Input::whole_file("-".into(), None, options, None), read: Arc::default() }
            }
        })
    }

    /// Reads the records from the first one.
    ///
    /// # Errors
    /// If they cannot be read, or their format cannot be detected.
    pub(super) fn records(&self) -> Result<Opened, CommandError> {
        self.opened(&self.records)
    }

    /// Reads all records, whatever `--limit` and `--sample` say: logins are compared with those of everybody.
    ///
    /// # Errors
    /// As for [`Input::records`].
    pub(super) fn all_records(&self) -> Result<Opened, CommandError> {
        self.opened(&self.records.without_picking())
    }

    fn opened(&self, input: &input::Input) -> Result<Opened, CommandError> {
        self.read.store(0, Ordering::Relaxed);
        let bytes: Source = match &self.from {
            Origin::File(path) => source(path)?,
            Origin::Copied(file) => {
                let mut again = file.try_clone()?;
                again.seek(SeekFrom::Start(0))?;
                Box::new(again)
            }
            Origin::Pages(records) => {
                let records = records.lock().unwrap_or_else(PoisonError::into_inner).take();
                return Ok(Opened::of(records.unwrap_or_else(|| Box::new(std::iter::empty()))));
            }
        };
        input.open_source(Box::new(Counted { source: bytes, read: Arc::clone(&self.read) }))
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
