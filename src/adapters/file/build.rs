//! Reads a file once from beginning to end, and indexes its records by login.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::index::{Entry, Index, Salt};
use super::kept::{self, About, Kept, Origin};
use super::logins::{LoginPathError, LoginPaths};
use super::positioned;
use super::settings::FileSettings;
use super::sorter::Sorter;
use super::store::{Layout, Spool, Store};

use crate::formats::{self, Format, RawRecord, ReadOptions, RecordError};
use crate::model::read::ReadLimits;
use crate::ports::IdentifierProfile;
use crate::rules::RecordsPath;
use crate::settings::folder_of;

/// The minimum number of bytes read of a record during indexing: a record over its limit is still indexed, so that its
/// login gets an error.
const INDEX_BYTES: usize = 1024 * 1024;

/// How many unreadable records a report lists.
const MAX_REPORTED: usize = 20;

/// How much of a file is looked at to see whether it contains records.
const RECOGNISED_BYTES: u64 = 16 * 1024;

/// How often the log says how far indexing is.
const PROGRESS: Duration = Duration::from_secs(10);

/// The result of reading a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileReport {
    /// Indexed records.
    pub records: u64,
    /// Logins of these records.
    pub logins: u64,
    /// Logins shared by several records: their customers cannot sign in.
    pub ambiguous: u64,
    /// Records without a login.
    pub without_login: u64,
    /// Values at the login paths that are not valid identifiers.
    pub unusable_logins: u64,
    /// Unreadable records.
    pub unread: u64,
    /// Those of them whose logins are unknown too, so that no identifier can be reported as free.
    pub unknown: u64,
    /// The first unreadable records.
    pub first_unread: Vec<UnreadRecord>,
    /// Where the records were taken from, when the file does not simply hold them.
    pub notice: Option<String>,
}

impl FileReport {
    /// Why every customer is unknown, if nobody can be found in the file.
    #[must_use]
    pub fn nobody(&self) -> Option<&'static str> {
        match (self.records, self.without_login, self.unusable_logins) {
            (1.., ..) => None,
            (0, 0, _) => Some("the export has no record that can be read: every customer is unknown"),
            (0, _, 0) => {
                Some("no record of the export has a value at any of `source.logins`: every customer is unknown")
            }
            (0, ..) => Some("no record of the export has a login that can be typed: every customer is unknown"),
        }
    }
}

/// An unreadable record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadRecord {
    /// Its position in the file, counted from 1.
    pub number: u64,
    /// The line at which it begins, counted from 1.
    pub line: u64,
    /// One sentence without values.
    pub message: String,
}

/// Why a file cannot be used as a source.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// A login path is invalid.
    #[error(transparent)]
    Login(#[from] LoginPathError),
    /// `records` in the settings is not a path of a list.
    #[error("`records` is not the path of a list: {0}")]
    Records(String),
    /// The format is neither set nor detectable.
    #[error("cannot detect the format of `{}`; set `format`", .0.display())]
    Unknown(PathBuf),
    /// The file cannot be read.
    #[error("`{}` cannot be read: {}", path.display(), error.kind())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        error: io::Error,
    },
    /// The file is compressed, or contains no records.
    #[error("`{}` is {what}; {help}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// How to export records instead.
        help: &'static str,
    },
    /// There is a folder, a pipe or a device at the path.
    #[error("`{}` is not a regular file", .0.display())]
    NoFile(PathBuf),
    /// A changed export has no record, while the one before had some.
    #[error("`{}` has no record that can be read; write an export beside it and rename it when it is complete", .0.display())]
    NoRecords(PathBuf),
    /// The records cannot be spooled.
    #[error("cannot spool the records to `{}`: {}", path.display(), error.kind())]
    Spool {
        /// The folder.
        path: PathBuf,
        /// The cause.
        #[source]
        error: io::Error,
    },
    /// The file cannot be read to its end, so some customers would be missing.
    #[error("cannot read the records after line {line}: {message}")]
    Broken {
        /// The line, counted from 1.
        line: u64,
        /// One sentence, without values.
        message: String,
    },
    /// The file changed while it was being read.
    #[error("`{}` changed while it was being read", .0.display())]
    Changed(PathBuf),
    /// The index cannot be made.
    #[error("cannot make the index: {}", .0.kind())]
    Index(#[source] io::Error),
}

/// How the records of a file are read.
pub(super) struct Context<'a> {
    pub paths: &'a LoginPaths,
    pub profile: &'a IdentifierProfile,
    pub settings: &'a FileSettings,
}

/// The limits for reading a record's logins.
pub(super) fn limits(settings: &FileSettings) -> ReadLimits {
    ReadLimits { bytes: settings.record_limit.max(INDEX_BYTES), ..ReadLimits::default() }
}

/// A state of a file: its texts, its index and the report.
type Built = (Store, Index, FileReport);

/// Indexes a file in memory.
///
/// # Errors
/// If the file cannot be read to its end.
pub(super) fn in_memory(file: File, context: &Context<'_>) -> Result<Built, FileError> {
    let read = read(file, context, Sorter::in_memory())?;
    let entries = read.sorter.into_memory();
    let mut report = read.report;
    for same in entries.chunk_by(|entry, other| entry.hash == other.hash) {
        report.logins += 1;
        report.ambiguous += u64::from(same.len() > 1);
    }
    Ok((read.store, Index::Memory(read.salt, entries), report))
}

/// Indexes a file and keeps the index, or in memory if it cannot be kept, which the report says.
///
/// # Errors
/// If the file cannot be read to its end.
pub(super) fn kept(file: File, context: &Context<'_>, path: &Path, origin: &Origin) -> Result<Built, FileError> {
    let again = file.try_clone().map_err(|error| FileError::Read { path: context.settings.path.clone(), error })?;
    let failed = match Sorter::with_runs(folder_of(path)) {
        Ok(sorter) => match read(file, context, sorter) {
            Ok(Read { about: None, .. }) => "YAML is indexed at each start".to_owned(),
            Ok(read) => match keep(read, path, origin) {
                Ok(built) => return Ok(built),
                Err(error) => error.kind().to_string(),
            },
            Err(FileError::Index(error)) => error.kind().to_string(),
            Err(error) => return Err(error),
        },
        Err(error) => error.kind().to_string(),
    };
    let (store, index, mut report) = in_memory(again, context)?;
    let notice = format!("the index cannot be kept in `{}`, so every start reads the export: {failed}", path.display());
    report.notice = Some(report.notice.map_or(notice.clone(), |said| format!("{said}; {notice}")));
    Ok((store, index, report))
}

fn keep(read: Read, path: &Path, origin: &Origin) -> io::Result<Built> {
    if fs::metadata(path).is_ok_and(|at| at.len() > 0) && !kept::is_index(path) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "another file is there"));
    }
    let Read { store, salt, sorter, report, about } = read;
    let (format, head_bytes) = about.ok_or(io::ErrorKind::Unsupported)?;
    kept::write(path, origin.clone(), salt, sorter, |logins, ambiguous| About {
        format,
        head_bytes,
        report: FileReport { logins, ambiguous, ..report },
    })?;
    let kept = Kept::open(path, origin)?.ok_or(io::ErrorKind::InvalidData)?;
    let report = kept.about.report.clone();
    Ok((store, Index::Kept(kept), report))
}

/// A file that was read to its end.
struct Read {
    store: Store,
    salt: Salt,
    sorter: Sorter,
    report: FileReport,
    /// The format and the length of the head; `None` if the records are spooled.
    about: Option<(Format, usize)>,
}

fn read(mut file: File, context: &Context<'_>, sorter: Sorter) -> Result<Read, FileError> {
    let unread = |error| FileError::Read { path: context.settings.path.clone(), error };
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    recognised(&mut file, context.settings)?;
    let mut format = format(&mut file, context.settings)?;
    let reader = file.try_clone().map_err(unread)?;
    let columns = context.settings.columns.clone().map(Into::into);
    let options = ReadOptions { record_bytes: context.settings.record_limit.max(INDEX_BYTES), columns };
    let salt = Salt(crate::random::bytes().map_err(FileError::Index)?);
    let (limits, report) = (limits(context.settings), FileReport::default());
    let size = file.metadata().map_err(unread)?.len();
    let mut builder = Builder { context, limits, salt, sorter, report, size, said: Instant::now() };
    let at =
        context.settings.records.as_deref().map(str::parse::<RecordsPath>).transpose().map_err(FileError::Records)?;
    let is_inside = at.as_ref().is_some_and(|at| !at.is_root());
    let (records, said) = formats::open_at(Box::new(reader), format, options, at);
    let (store, about) = if format == Format::Yaml {
        let folder = context.settings.spool.clone().unwrap_or_else(std::env::temp_dir);
        let spooled = |error| FileError::Spool { path: folder.clone(), error };
        let mut spool = Spool::new(&folder).map_err(spooled)?;
        for found in records {
            builder.add_record(found, |record| spool.push(&record.json).map(Some).map_err(spooled))?;
        }
        (Store { file: spool.finish().map_err(spooled)?, layout: Layout::Spool }, None)
    } else {
        for found in records {
            builder.add_record(found, |record| Ok(record.bytes.clone()))?;
        }
        // lists inside lines are read as JSON
        format = if is_inside { Format::Json } else { format };
        let mut mark = [0; 3];
        let has_mark = positioned::read(&file, &mut mark, 0).is_ok() && mark == [0xEF, 0xBB, 0xBF];
        let head = usize::try_from(said.head_bytes()).unwrap_or(0);
        let head_bytes = if head > 0 && has_mark { head + mark.len() } else { head };
        let report = FileReport::default();
        let about = About { format, head_bytes, report };
        let store = Store::slices(file, &about, context.settings.columns.as_deref()).map_err(unread)?;
        (store, Some((format, head_bytes)))
    };
    builder.report.notice = said.notice(|path| format!("records: {path}"));
    let Builder { sorter, report, .. } = builder;
    Ok(Read { store, salt, sorter, report, about })
}

/// Fails if the file is compressed, or something else than text of records.
fn recognised(file: &mut File, settings: &FileSettings) -> Result<(), FileError> {
    let unread = |error| FileError::Read { path: settings.path.clone(), error };
    let mut head = Vec::new();
    file.by_ref().take(RECOGNISED_BYTES).read_to_end(&mut head).map_err(unread)?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    match formats::unusable(&head).filter(|found| found.is_certain || settings.format.is_none()) {
        Some(found) => Err(FileError::Foreign { path: settings.path.clone(), what: found.what, help: found.help }),
        None => Ok(()),
    }
}

fn format(file: &mut File, settings: &FileSettings) -> Result<Format, FileError> {
    let unread = |error| FileError::Read { path: settings.path.clone(), error };
    if let Some(format) = settings.named_format() {
        return Ok(format);
    }
    let mut head = Vec::new();
    let bytes = u64::try_from(formats::SNIFF_BYTES).unwrap_or(u64::MAX);
    file.take(bytes).read_to_end(&mut head).map_err(unread)?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    formats::sniff(&head).ok_or_else(|| FileError::Unknown(settings.path.clone()))
}

struct Builder<'a> {
    context: &'a Context<'a>,
    limits: ReadLimits,
    salt: Salt,
    sorter: Sorter,
    report: FileReport,
    /// The length of the file, for the progress in the log.
    size: u64,
    said: Instant,
}

impl Builder<'_> {
    fn add_record(
        &mut self,
        found: Result<RawRecord, RecordError>,
        place: impl FnOnce(&RawRecord) -> Result<Option<Range<u64>>, FileError>,
    ) -> Result<(), FileError> {
        let record = match found {
            Ok(record) => record,
            Err(error) if error.fatal => {
                return Err(FileError::Broken { line: error.line, message: error.message });
            }
            Err(RecordError { number, line, message, .. }) => {
                self.report_unread(UnreadRecord { number, line, message });
                self.report.unknown += 1;
                return Ok(());
            }
        };
        let unread = |message| UnreadRecord { number: record.number, line: record.line, message };
        let logins = match self.context.paths.of(&record.json, &self.limits, self.context.profile) {
            Ok(logins) => logins,
            Err(error) => {
                self.report_unread(unread(error.to_string()));
                self.report.unknown += 1;
                return Ok(());
            }
        };
        let limit = self.context.settings.record_limit;
        if record.json.len() > limit {
            // Indexed anyway, so that its customer is not treated as unknown.
            self.report_unread(unread(format!("the record is larger than {limit} bytes")));
        }
        self.report.unusable_logins += logins.unusable;
        if logins.canonical.is_empty() {
            self.report.without_login += 1;
            return Ok(());
        }
        let too_long = || FileError::Broken { line: record.line, message: "the record is too long".to_owned() };
        let place = place(&record)?.ok_or_else(too_long)?;
        let (offset, bytes) = (place.start, u32::try_from(place.end - place.start).map_err(|_| too_long())?);
        for login in &logins.canonical {
            let hash = self.salt.hash(login);
            self.sorter.push(Entry { hash, offset, bytes }).map_err(FileError::Index)?;
        }
        self.report.records += 1;
        self.log_progress(place.end);
        Ok(())
    }

    fn log_progress(&mut self, read: u64) {
        if self.report.records.is_multiple_of(65_536) && self.said.elapsed() >= PROGRESS {
            self.said = Instant::now();
            let percent = read.saturating_mul(100) / self.size.max(1);
            tracing::info!(records = self.report.records, percent, "indexing the export");
        }
    }

    fn report_unread(&mut self, record: UnreadRecord) {
        self.report.unread += 1;
        if self.report.first_unread.len() < MAX_REPORTED {
            self.report.first_unread.push(record);
        }
    }
}
