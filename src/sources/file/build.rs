//! Reads a file once, from beginning to end, and indexes its records by login.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;

use thiserror::Error;

use super::index::Index;
use super::line_starts;
use super::settings::FileSettings;
use super::store::{Layout, Span, Spool, Store};
use crate::formats::{self, Format, RawRecord, ReadOptions, RecordError};
use crate::migrate::IdentifierProfile;
use crate::model::read::ReadLimits;
use crate::rules::RecordsPath;
use crate::sources::LoginPathError;
use crate::sources::logins::LoginPaths;

/// How much of a record is read while the file is indexed, in bytes, at least: one over its limit is still found, and refused.
const INDEX_BYTES: usize = 1024 * 1024;

/// How many unread records a report names.
const NAMED: usize = 20;

/// What came of reading a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Records that can be found.
    pub records: u64,
    /// Logins that lead to them.
    pub logins: u64,
    /// Logins that several records have: their customers cannot sign in.
    pub ambiguous: u64,
    /// Records without any login.
    pub without_login: u64,
    /// Values at the login paths that cannot be identifiers.
    pub unusable_logins: u64,
    /// Records that cannot be read.
    pub unread: u64,
    /// Those of them whose logins are not known either, so that no identifier can be called free.
    pub unknown: u64,
    /// The first of them.
    pub first_unread: Vec<UnreadRecord>,
    /// Where the records were taken from, when the file does not simply hold them.
    pub notice: Option<String>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadRecord {
    /// Its position in the file, from 1.
    pub number: u64,
    /// The line it begins at, from 1.
    pub line: u64,
    /// One sentence without values.
    pub message: String,
}

/// Why a file cannot be a source.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// A login path is none.
    #[error(transparent)]
    Login(#[from] LoginPathError),
    /// The settings name a format that does not exist.
    #[error("`{0}` is no format of records")]
    Format(String),
    /// The settings name a list of records by something that is no path.
    #[error("`records` is no path of a list: {0}")]
    Records(String),
    /// Neither the settings nor the file tell the format.
    #[error("the format of `{}` is not to be told; name it", .0.display())]
    Unknown(PathBuf),
    /// The file cannot be read.
    #[error("`{}` cannot be read: {}", path.display(), error.kind())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The records cannot be spooled.
    #[error("the records cannot be spooled to `{}`: {}", path.display(), error.kind())]
    Spool {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The file cannot be read to its end, so that customers would be missing.
    #[error("the records after line {line} cannot be read: {message}")]
    Broken {
        /// The line, from 1.
        line: u64,
        /// One sentence without values.
        message: String,
    },
    /// The file was written to while it was read.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// More than 4,294,967,295 records.
    #[error("there are more records than can be numbered")]
    TooMany,
}

/// An indexed file.
pub(super) struct Built {
    pub store: Store,
    pub index: Index,
    pub report: FileReport,
}

/// How the records of a file are looked at.
pub(super) struct Look<'a> {
    pub paths: &'a LoginPaths,
    pub profile: &'a IdentifierProfile,
    pub settings: &'a FileSettings,
}

/// The limits of reading a record for its logins.
pub(super) fn limits(settings: &FileSettings) -> ReadLimits {
    ReadLimits { bytes: settings.record_bytes.max(INDEX_BYTES), ..ReadLimits::default() }
}

/// Indexes a file.
///
/// # Errors
/// When it cannot be read to its end.
pub(super) fn build(mut file: File, look: &Look<'_>) -> Result<Built, FileError> {
    let format = format(&mut file, look.settings)?;
    let unread = |error| FileError::Read { path: look.settings.path.clone(), error };
    let reading = file.try_clone().map_err(unread)?;
    let options = ReadOptions { record_bytes: look.settings.record_bytes.max(INDEX_BYTES) };
    let mut builder = Builder {
        look,
        limits: limits(look.settings),
        index: Index::default(),
        report: FileReport::default(),
        spans: Vec::new(),
    };
    let at = look.settings.records.as_deref().map(str::parse::<RecordsPath>).transpose().map_err(FileError::Records)?;
    // records that stand inside lines have no lines of their own
    let are_lines = format == Format::Ndjson && at.as_ref().is_none_or(RecordsPath::is_root);
    let (file, layout, reading) = if are_lines {
        let (watched, lines) = line_starts::watch(reading);
        let (records, said) = formats::open_at(Box::new(watched), format, options, at);
        for found in records {
            builder.take(found, |record| {
                Ok(lines.span(record.line).and_then(|(offset, bytes)| Span::new(offset, bytes)))
            })?;
        }
        (file, Layout::Lines, said)
    } else {
        let folder = look.settings.spool.clone().unwrap_or_else(std::env::temp_dir);
        let spooled = |error| FileError::Spool { path: folder.clone(), error };
        let mut spool = Spool::new(&folder).map_err(spooled)?;
        let (records, said) = formats::open_at(Box::new(reading), format, options, at);
        for found in records {
            builder.take(found, |record| spool.push(&record.json).map(Some).map_err(spooled))?;
        }
        (spool.finish().map_err(spooled)?, Layout::Spool, said)
    };
    builder.report.notice = reading.notice(|path| format!("records: {path}"));
    Ok(builder.finish(file, layout))
}

fn format(file: &mut File, settings: &FileSettings) -> Result<Format, FileError> {
    let unread = |error| FileError::Read { path: settings.path.clone(), error };
    if let Some(format) = settings.named_format().map_err(|name| FileError::Format(name.to_owned()))? {
        return Ok(format);
    }
    let mut head = Vec::new();
    let bytes = u64::try_from(formats::SNIFF_BYTES).unwrap_or(u64::MAX);
    file.take(bytes).read_to_end(&mut head).map_err(unread)?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    formats::sniff(&head).ok_or_else(|| FileError::Unknown(settings.path.clone()))
}

struct Builder<'a> {
    look: &'a Look<'a>,
    limits: ReadLimits,
    index: Index,
    report: FileReport,
    spans: Vec<Span>,
}

impl Builder<'_> {
    fn take(
        &mut self,
        found: Result<RawRecord, RecordError>,
        place: impl FnOnce(&RawRecord) -> Result<Option<Span>, FileError>,
    ) -> Result<(), FileError> {
        let record = match found {
            Ok(record) => record,
            Err(error) if error.fatal => {
                return Err(FileError::Broken { line: error.line, message: error.message });
            }
            Err(RecordError { number, line, message, .. }) => {
                self.leave(UnreadRecord { number, line, message });
                self.report.unknown += 1;
                return Ok(());
            }
        };
        let unread = |message| UnreadRecord { number: record.number, line: record.line, message };
        let logins = match self.look.paths.of(&record.json, &self.limits, self.look.profile) {
            Ok(logins) => logins,
            Err(error) => {
                self.leave(unread(error.to_string()));
                self.report.unknown += 1;
                return Ok(());
            }
        };
        let limit = self.look.settings.record_bytes;
        if record.json.len() > limit {
            // It is found all the same, so that its customer is not taken for an unknown one.
            self.leave(unread(format!("the record is larger than {limit} bytes")));
        }
        self.report.unusable_logins += logins.unusable;
        if logins.canonical.is_empty() {
            self.report.without_login += 1;
            return Ok(());
        }
        let number = u32::try_from(self.spans.len()).map_err(|_| FileError::TooMany)?;
        self.spans.push(place(&record)?.ok_or(FileError::TooMany)?);
        for login in &logins.canonical {
            self.index.add(login, number);
        }
        Ok(())
    }

    fn leave(&mut self, record: UnreadRecord) {
        self.report.unread += 1;
        if self.report.first_unread.len() < NAMED {
            self.report.first_unread.push(record);
        }
    }

    fn finish(mut self, file: File, layout: Layout) -> Built {
        self.index.finish();
        self.spans.shrink_to_fit();
        self.report.records = u64::try_from(self.spans.len()).unwrap_or(u64::MAX);
        (self.report.logins, self.report.ambiguous) = self.index.counts();
        Built { store: Store { file, spans: self.spans, layout }, index: self.index, report: self.report }
    }
}
