//! Legacy records in files: NDJSON, JSON, CSV, LDIF and YAML become a stream of JSON texts, one per record, in constant memory.
//!
//! A record that cannot be read does not end the stream where the format tells where the next one begins: a line of NDJSON,
//! an element of a JSON list, a row of CSV, an entry of LDIF, an element or document of YAML.
//!
//! Records that `landfall transform` rejected are read again as they are: see [`reject`].

mod csv;
mod encoding;
mod json;
mod ldif;
mod lines;
mod ndjson;
mod reading;
pub mod reject;
mod scan;
mod sniff;
mod yaml;
mod yaml_list;

use std::io::{self, Read};

use crate::rules::RecordsPath;

pub use encoding::peek;
pub use reading::Reading;
pub use sniff::{SNIFF_BYTES, sniff};

/// Where bytes come from.
pub type Source = Box<dyn Read + Send>;

/// A stream of records.
pub type Records = Box<dyn Iterator<Item = Result<RawRecord, RecordError>> + Send>;

/// How records are written in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line (<https://github.com/ndjson/ndjson-spec>).
    Ndjson,
    /// A list of objects, or objects one after the other (RFC 8259). An object in which only one member holds data, and that
    /// one is a list of objects, stands for that list; the list at a path is read when the path is given.
    Json,
    /// A header row and one record per row (RFC 4180); the delimiter is `,`, `;` or a tab. All values are text.
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

    /// The format of a name such as `ndjson`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format that a file extension (without the dot) stands for; letter case does not matter.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// Bytes of text of one record. Stops a file without line ends, or with a quote left open, from filling the memory;
    /// 1 MiB admits an LDAP entry with a photo.
    pub record_bytes: usize,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { record_bytes: 1024 * 1024 }
    }
}

/// The text of one record.
#[derive(Clone, PartialEq, Eq)]
pub struct RawRecord {
    /// One JSON object on one line. That it is well-formed is left to whoever parses it: readers only find its ends.
    pub json: String,
    /// Its position in the stream, from 1; unreadable records count.
    pub number: u64,
    /// The line it begins at, from 1.
    pub line: u64,
    /// The positions from 1 of the accounts that are still to be made of it, when it was rejected before with only some of
    /// its accounts; empty for all.
    pub accounts: Vec<usize>,
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
    /// The line it begins at, or where the reading stopped, from 1.
    pub line: u64,
    /// One sentence without values.
    pub message: String,
    /// Its whole text, as a small file of its own (a row of CSV stands below its header). `None` when it is too long or not
    /// UTF-8: a part of it, or a repaired copy, could pass for the record when it is run again.
    pub raw: Option<String>,
    /// The format of `raw`.
    pub format: Format,
    /// Whether the stream ends here, with records left unread.
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
/// After an error that is fatal, or that came from the source itself, the stream ends.
#[must_use]
pub fn open(source: Source, format: Format, options: ReadOptions) -> Records {
    open_at(source, format, options, None).0
}

/// Reads the records of the lists at a path in the documents of a source, or as they stand when no path is given. What was
/// read is said by the second part.
#[must_use]
pub fn open_at(source: Source, format: Format, options: ReadOptions, at: Option<RecordsPath>) -> (Records, Reading) {
    let reading = Reading::default();
    let reader = match encoding::plain(source) {
        Ok(source) => reader(source, format, options, at, reading.clone()),
        Err(problem) => Box::new(std::iter::once(Err(problem))),
    };
    (Box::new(Stream { reader, format, options, number: 0, ended: false }), reading)
}

/// What a reader finds: the JSON text and the line it begins at.
type Found = Result<(String, u64), Problem>;

/// Why a reader finds no record.
struct Problem {
    line: u64,
    message: String,
    raw: Option<String>,
    fatal: bool,
}

impl Problem {
    /// A record that cannot be read; the next one can.
    fn new(line: u64, message: impl Into<String>) -> Self {
        Self { line, message: message.into(), raw: None, fatal: false }
    }

    /// Nothing more can be read.
    fn fatal(line: u64, message: impl Into<String>) -> Self {
        Self { fatal: true, ..Self::new(line, message) }
    }

    /// The source failed.
    fn source(line: u64, error: &io::Error) -> Self {
        Self::fatal(line, format!("reading failed: {}", error.kind()))
    }

    /// Keeps the text, when it is UTF-8.
    fn with_text(mut self, text: &[u8]) -> Self {
        self.raw = std::str::from_utf8(text).ok().map(str::to_owned);
        self
    }
}

type Reader = Box<dyn Iterator<Item = Found> + Send>;

fn reader(source: Source, format: Format, options: ReadOptions, at: Option<RecordsPath>, reading: Reading) -> Reader {
    let limit = options.record_bytes;
    let inside = at.as_ref().filter(|path| !path.is_root());
    match (format, inside) {
        // lines with lists in them are documents one after the other
        (Format::Ndjson, None) => {
            // whoever gives `$` knows that the document is the record
            let reading = if at.is_some() { Reading::default() } else { reading };
            Box::new(ndjson::Ndjson::new(source, limit, reading))
        }
        (Format::Ndjson, Some(_)) | (Format::Json, _) => Box::new(json::Json::new(source, limit, at, reading)),
        (Format::Yaml, _) => Box::new(yaml::Yaml::new(source, limit, at, reading)),
        (Format::Csv | Format::Ldif, Some(path)) => {
            let message = format!(
                "there is no list at `{path}`; only JSON, NDJSON and YAML hold lists, and this is {}",
                format.name()
            );
            Box::new(std::iter::once(Err(Problem::fatal(1, message))))
        }
        (Format::Csv, None) => Box::new(csv::Csv::new(source, limit)),
        (Format::Ldif, None) => Box::new(ldif::Ldif::new(source, limit)),
    }
}

/// Numbers what a reader finds, unwraps rejects, and ends after a fatal problem.
struct Stream {
    reader: Reader,
    format: Format,
    options: ReadOptions,
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
        let (found, format, accounts) = match found {
            Ok((json, line)) if self.is_reject(&json) => {
                let (found, format) = reject::unwrap(&json, line, self.options);
                (found, format, reject::accounts(&json))
            }
            found => (found, self.format, Vec::new()),
        };
        Some(found.map(|(json, line)| RawRecord { json, number, line, accounts }).map_err(|problem| {
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
