//! Legacy records in files: NDJSON, JSON, CSV, LDIF and YAML become a stream of JSON texts, one per record, in constant memory.
//!
//! A record that cannot be read does not end the stream if the format shows where the next one starts: a line of NDJSON,
//! an element of a JSON list, a row of CSV, an entry of LDIF, an element or document of YAML.
//!
//! Records that `landfall transform` rejected can be read again unchanged: see [`reject`].

mod compressed;
mod csv;
mod encoding;
mod foreign;
mod json;
mod ldif;
mod lines;
mod ndjson;
mod quotes;
mod reading;
pub mod reject;
mod scan;
mod sniff;
mod yaml;
mod yaml_list;

use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules::RecordsPath;
use compressed::UnpackError;

pub use compressed::Compression;
#[cfg(feature = "cli")]
pub use compressed::unpacked;
pub(crate) use csv::csv_header;
pub use encoding::{glance, peek};
pub use foreign::{Foreign, foreign, unusable};
#[cfg(feature = "ldap")]
pub(crate) use ldif::directory_value;
pub use reading::Reading;
pub use sniff::{SNIFF_BYTES, sniff};

/// A source of bytes.
pub type Source = Box<dyn Read + Send>;

/// A stream of records.
pub type Records = Box<dyn Iterator<Item = Result<RawRecord, RecordError>> + Send>;

/// How records are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object per line (<https://github.com/ndjson/ndjson-spec>).
    Ndjson,
    /// A list of objects, or objects one after the other (RFC 8259). If only one member of an object
    /// contains data and that member is a list of objects, the list is read; if a path is given, the list at this path is read.
    Json,
    /// A header row, unless [`ReadOptions::columns`] are given, and one record per row (RFC 4180); the delimiter is `,`, `;`
    /// or a tab. All values are text.
    Csv,
    /// Entries of a directory (RFC 2849). All attributes are lists; `dn` is text.
    Ldif,
    /// A list of maps, or one map per document (YAML 1.2).
    Yaml,
}

impl Format {
    /// All formats with their names.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("ndjson", Self::Ndjson),
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("ldif", Self::Ldif),
        ("yaml", Self::Yaml),
    ];

    /// The format with a name such as `ndjson`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format of a file extension (without the dot), in any case.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "json" => Some(Self::Json),
            "csv" | "tsv" => Some(Self::Csv),
            "ldif" => Some(Self::Ldif),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// How records are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// The maximum length of a record in bytes. Stops a file without line ends, or with an unclosed quote, from filling the
    /// memory; 1 MiB allows an LDAP entry with a photo.
    pub record_bytes: usize,
    /// The names of the columns of CSV without a header row; the first row is a record.
    pub columns: Option<Arc<[String]>>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { record_bytes: 1024 * 1024, columns: None }
    }
}

impl ReadOptions {
    /// Records of at most so many bytes.
    #[must_use]
    pub fn of_bytes(record_bytes: usize) -> Self {
        Self { record_bytes, columns: None }
    }

    /// How a text is read that has its header with it.
    fn of_text(&self) -> Self {
        Self::of_bytes(self.record_bytes)
    }
}

/// The text of one record.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// One JSON object on one line. It may be malformed: readers only find its ends, and the parser checks it.
    pub json: String,
    /// Its position in the stream, from 1; unreadable records count.
    pub number: u64,
    /// The line where it starts, from 1.
    pub line: u64,
    /// Where its text is in the stream; `None` in YAML. [`again`] reads it from there.
    pub bytes: Option<Range<u64>>,
    /// The positions, from 1, of the accounts that are still to be created from it, if only some of its accounts were rejected
    /// before; empty for all.
    pub accounts: Vec<usize>,
    /// For a record that was rejected before: digests of logins that other records have, too.
    pub shared: Vec<String>,
    /// Whether it was rejected before, so that it has what was joined to it then.
    pub is_reject: bool,
}

/// Never shows values.
impl std::fmt::Debug for RawRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RawRecord({} at line {})", self.number, self.line)
    }
}

/// A record that cannot be read.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RecordError {
    /// Its position in the stream, from 1.
    pub number: u64,
    /// The line where it starts, or where reading stopped, from 1.
    pub line: u64,
    /// One sentence without values.
    pub message: String,
    /// Its whole text, as a small file of its own (a row of CSV with its header). `None` if it is too long or not UTF-8:
    /// a part of it, or a repaired copy, could be mistaken for the record when it is read again.
    pub raw: Option<String>,
    /// The format of `raw`.
    pub format: Format,
    /// Whether the stream ends here, with unread records.
    pub fatal: bool,
}

/// Never shows values.
impl std::fmt::Debug for RecordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordError({} at line {}: {}, fatal: {})", self.number, self.line, self.message, self.fatal)
    }
}

/// Reads records. A byte-order mark is skipped; the text must be UTF-8.
///
/// The stream ends after a fatal error and after an error of the source itself.
#[must_use]
pub fn open(source: Source, format: Format, options: ReadOptions) -> Records {
    open_at(source, format, options, None).0
}

/// Reads the records from the list at a path in each document of a source, or from the document itself if no path is given.
/// The second value reports what was read.
#[must_use]
pub fn open_at(source: Source, format: Format, options: ReadOptions, at: Option<RecordsPath>) -> (Records, Reading) {
    let reading = Reading::default();
    let (reader, skipped) = match encoding::plain(source) {
        Ok((source, skipped)) => (reader(source, format, &options, at, reading.clone()), skipped),
        Err(problem) => (Box::new(std::iter::once(Err(problem))) as Reader, 0),
    };
    (Box::new(Stream { reader, format, options, skipped, number: 0, ended: false }), reading)
}

/// Reads a record again from the text at its place, as the stream returned it. `head` is the start of the stream, as long
/// as [`Reading::head_bytes`] says. `None` if the text is no longer one record.
#[must_use]
pub fn again(head: &[u8], text: Vec<u8>, format: Format) -> Option<RawRecord> {
    let record_bytes = text.len().max(1);
    let text: Source = match format {
        // an element of a list stays one, whatever it contains
        Format::Json => Box::new(b"[".chain(Cursor::new(text)).chain(b"]".as_slice())),
        _ => Box::new(Cursor::new(head.to_vec()).chain(Cursor::new(text))),
    };
    let options = ReadOptions::of_bytes(record_bytes.saturating_add(head.len()));
    let mut records = open_at(text, format, options, Some(RecordsPath::default()).filter(|_| format == Format::Json)).0;
    let record = records.next()?.ok();
    record.filter(|_| records.next().is_none())
}

/// The result of a reader: the JSON text and where it is.
type Found = Result<(String, Place), Problem>;

/// Where a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// The line where it starts, from 1.
    line: u64,
    /// Its text, counted from the first byte that the reader was given; `None` if it has no text of its own.
    bytes: Option<Range<u64>>,
}

impl Place {
    fn line(line: u64) -> Self {
        Self { line, bytes: None }
    }
}

/// Why a reader cannot return a record.
struct Problem {
    line: u64,
    message: String,
    raw: Option<String>,
    fatal: bool,
}

impl Problem {
    /// A record cannot be read, but the next one can.
    fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), raw: None, fatal: false }
    }

    /// No more records can be read.
    fn fatal(line: u64, message: impl Into<String>) -> Self {
        Self { fatal: true, ..Self::new(line, message) }
    }

    /// The source failed.
    fn source(line: u64, error: &io::Error) -> Self {
        match error.get_ref().and_then(|error| error.downcast_ref::<UnpackError>()) {
            Some(error) => Self::fatal(line, error.to_string()),
            None => Self::fatal(line, format!("reading failed: {}", error.kind())),
        }
    }

    /// Attaches the text if it is UTF-8.
    fn with_text(mut self, text: &[u8]) -> Self {
        self.raw = std::str::from_utf8(text).ok().map(str::to_owned);
        self
    }
}

type Reader = Box<dyn Iterator<Item = Found> + Send>;

fn reader(source: Source, format: Format, options: &ReadOptions, at: Option<RecordsPath>, reading: Reading) -> Reader {
    let limit = options.record_bytes;
    if options.columns.is_some() && format != Format::Csv {
        let message = format!("only CSV has columns, and the format is {}", format.name());
        return Box::new(std::iter::once(Err(Problem::fatal(1, message))));
    }
    let inside = at.as_ref().filter(|path| !path.is_root());
    match (format, inside) {
        // lines that contain lists are a sequence of documents
        (Format::Ndjson, None) => {
            // `$` says that the document is the record
            let reading = if at.is_some() { Reading::default() } else { reading };
            Box::new(ndjson::Ndjson::new(source, limit, reading))
        }
        (Format::Ndjson, Some(_)) | (Format::Json, _) => Box::new(json::Json::new(source, limit, at, reading)),
        (Format::Yaml, _) => Box::new(yaml::Yaml::new(source, limit, at, reading)),
        (Format::Csv | Format::Ldif, Some(path)) => {
            let message = format!(
                "there is no list at `{path}`; only JSON, NDJSON and YAML have lists, and the format is {}",
                format.name()
            );
            Box::new(std::iter::once(Err(Problem::fatal(1, message))))
        }
        (Format::Csv, None) => Box::new(csv::Csv::new(source, limit, options.columns.clone(), reading)),
        (Format::Ldif, None) => Box::new(ldif::Ldif::new(source, limit)),
    }
}

/// Numbers the records of a reader, unwraps rejected records, and ends after a fatal problem.
struct Stream {
    reader: Reader,
    format: Format,
    options: ReadOptions,
    /// The length of the byte-order mark.
    skipped: u64,
    number: u64,
    ended: bool,
}

impl Iterator for Stream {
    type Item = Result<RawRecord, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let found = self.reader.next()?;
        self.number += 1;
        let number = self.number;
        let is_reject = found.as_ref().is_ok_and(|(json, _)| self.is_reject(json));
        let (found, format, (accounts, shared)) = match found {
            Ok((json, place)) if is_reject => {
                let (found, format) = reject::unwrap(&json, place.line, &self.options.of_text());
                (found.map(|(json, _)| (json, place)), format, reject::listed(&json))
            }
            found => (found, self.format, Default::default()),
        };
        let skipped = self.skipped;
        let record = |(json, Place { line, bytes }): (String, Place)| {
            let bytes = bytes.map(|bytes| bytes.start + skipped..bytes.end + skipped);
            RawRecord { json, number, line, bytes, accounts, shared, is_reject }
        };
        Some(found.map(record).map_err(|problem| {
            self.ended = problem.fatal;
            let Problem { line, message, raw, fatal } = problem;
            RecordError { number, line, message, raw, format, fatal }
        }))
    }
}

impl Stream {
    fn is_reject(&self, json: &str) -> bool {
        matches!(self.format, Format::Ndjson | Format::Json) && reject::is_one(json)
    }
}

#[cfg(test)]
mod tests;
