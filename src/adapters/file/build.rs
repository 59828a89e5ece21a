//! Reads a file once from beginning to end, and indexes its records by login.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::PathBuf;

use thiserror::Error;

use super::index::Index;
use super::line_starts;
use super::logins::{LoginPathError, LoginPaths};
use super::settings::FileSettings;
use super::store::{Layout, Span, Spool, Store};

use crate::formats::{self, Format, RawRecord, ReadOptions, RecordError};
use crate::model::read::ReadLimits;
use crate::ports::IdentifierProfile;
use crate::rules::RecordsPath;

/// The minimum number of bytes read of a record during indexing: a record over its limit is still indexed, so that its
/// login gets an error.
const INDEX_BYTES: usize = 1024 * 1024;

/// How many unreadable records a report lists.
const MAX_REPORTED: usize = 20;

/// The result of reading a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// An unreadable record.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// More than 4,294,967,295 records.
    #[error("the file has more than 4,294,967,295 records")]
    TooMany,
}

/// An indexed file.
pub(super) struct Built {
    pub store: Store,
    pub index: Index,
    pub report: FileReport,
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

/// Indexes a file.
///
/// # Errors
/// If the file cannot be read to its end.
pub(super) fn build(mut file: File, context: &Context<'_>) -> Result<Built, FileError> {
    let format = format(&mut file, context.settings)?;
    let unread = |error| FileError::Read { path: context.settings.path.clone(), error };
    let reader = file.try_clone().map_err(unread)?;
    let options = ReadOptions { record_bytes: context.settings.record_limit.max(INDEX_BYTES) };
    let mut builder = Builder {
        context,
        limits: limits(context.settings),
        index: Index::default(),
        report: FileReport::default(),
        spans: Vec::new(),
    };
    let at =
        context.settings.records.as_deref().map(str::parse::<RecordsPath>).transpose().map_err(FileError::Records)?;
    // records that stand inside lines have no lines of their own
    let are_lines = format == Format::Ndjson && at.as_ref().is_none_or(RecordsPath::is_root);
    let (file, layout, reading) = if are_lines {
        let (watched, lines) = line_starts::record(reader);
        let (records, said) = formats::open_at(Box::new(watched), format, options, at);
        for found in records {
            builder.add_record(found, |record| {
                Ok(lines.span(record.line).and_then(|(offset, bytes)| Span::new(offset, bytes)))
            })?;
        }
        (file, Layout::Lines, said)
    } else {
        let folder = context.settings.spool.clone().unwrap_or_else(std::env::temp_dir);
        let spooled = |error| FileError::Spool { path: folder.clone(), error };
        let mut spool = Spool::new(&folder).map_err(spooled)?;
        let (records, said) = formats::open_at(Box::new(reader), format, options, at);
        for found in records {
            builder.add_record(found, |record| spool.push(&record.json).map(Some).map_err(spooled))?;
        }
        (spool.finish().map_err(spooled)?, Layout::Spool, said)
    };
    builder.report.notice = reading.notice(|path| format!("records: {path}"));
    Ok(builder.finish(file, layout))
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
    index: Index,
    report: FileReport,
    spans: Vec<Span>,
}

impl Builder<'_> {
    fn add_record(
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
        let number = u32::try_from(self.spans.len()).map_err(|_| FileError::TooMany)?;
        self.spans.push(place(&record)?.ok_or(FileError::TooMany)?);
        for login in &logins.canonical {
            self.index.add(login, number);
        }
        Ok(())
    }

    fn report_unread(&mut self, record: UnreadRecord) {
        self.report.unread += 1;
        if self.report.first_unread.len() < MAX_REPORTED {
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
