//! CSV: a header row, unless the columns are given, then one record per row. Values stay text, so that an id such as `0012` keeps its zeros.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use csv::{ByteRecord, ReaderBuilder};

use super::encoding::not_utf8;
use super::quotes::{Misquoted, Quotes};
use super::{Found, Place, Problem, Reading, Source, peek};

/// How much of the file is searched for the delimiter: enough for a header of a few thousand columns.
const HEAD_BYTES: usize = 64 * 1024;

/// The delimiters that exports use; on a tie, the first one wins.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads CSV rows.
pub(super) struct Csv {
    /// `None` until the header is read.
    rows: Option<Rows>,
    source: Option<Source>,
    limit: usize,
    /// The names of the columns if there is no header.
    columns: Option<Arc<[String]>>,
    reading: Reading,
}

struct Rows {
    reader: csv::Reader<Bounded>,
    seen: Arc<Mutex<Seen>>,
    limit: usize,
    delimiter: u8,
    header: ByteRecord,
    /// Each name as JSON text with a colon.
    keys: Vec<String>,
    row: ByteRecord,
    names: Names,
    /// Lines before the header, and their bytes.
    before: u64,
    before_bytes: u64,
    /// The offset and the line of the row.
    start: u64,
    line: u64,
}

/// Where the names of the columns are from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Header,
    /// They were given, and no row was read.
    Given,
    /// They were given, and the first row is no header.
    GivenAndSeen,
}

impl Csv {
    /// Records of at most about `limit` bytes.
    pub fn new(source: Source, limit: usize, columns: Option<Arc<[String]>>, reading: Reading) -> Self {
        Self { rows: None, source: Some(source), limit, columns, reading }
    }

    fn rows(&mut self) -> Result<Option<&mut Rows>, Problem> {
        if let Some(source) = self.source.take() {
            self.rows = Rows::open(source, self.limit, self.columns.as_deref())?;
            let head = self.rows.as_ref().map_or(0, Rows::offset);
            self.reading.head(if self.columns.is_some() { 0 } else { head });
        }
        Ok(self.rows.as_mut())
    }
}

impl Iterator for Csv {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        match self.rows() {
            Ok(rows) => rows?.next(),
            Err(problem) => Some(Err(problem)),
        }
    }
}

impl Rows {
    /// Reads the header. `None` if the file is empty.
    fn open(source: Source, limit: usize, columns: Option<&[String]>) -> Result<Option<Self>, Problem> {
        let failed = |error: io::Error| Problem::source(1, &error);
        let (head, mut source) = peek(source, HEAD_BYTES).map_err(failed)?;
        let stated = stated_delimiter(&head);
        if let Some((_, bytes)) = stated {
            io::copy(&mut source.by_ref().take(bytes), &mut io::sink()).map_err(failed)?;
        }
        let delimiter = stated.map_or_else(|| delimiter_of(&head, columns), |(delimiter, _)| delimiter);
        let seen = Arc::new(Mutex::new(Seen { left: limit, quotes: Quotes::new(delimiter) }));
        let input = Bounded { input: source, seen: Arc::clone(&seen) };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(input);
        let before = u64::from(stated.is_some());
        let before_bytes = stated.map_or(0, |(_, bytes)| bytes);
        let (header, row, keys) = (ByteRecord::new(), ByteRecord::new(), Vec::new());
        let names = if columns.is_some() { Names::Given } else { Names::Header };
        let mut rows =
            Self { reader, seen, limit, delimiter, header, keys, row, names, before, before_bytes, start: 0, line: 1 };
        match columns {
            Some(columns) => rows.header = ByteRecord::from(columns.to_vec()),
            None if rows.read().map_err(|problem| Problem { fatal: true, ..problem })? => {
                rows.header = std::mem::take(&mut rows.row)
            }
            None => return Ok(None),
        }
        rows.keys = keys_of(&rows.header, 1 + before)?;
        if columns.is_none() && rows.header.iter().any(is_value) {
            let message = "the first row looks like a record, and not like the names of the columns; name them with `--columns`, in settings with `columns`";
            return Err(Problem::fatal(1 + before, message));
        }
        Ok(Some(rows))
    }

    /// The number of bytes up to the end of the last row.
    fn offset(&self) -> u64 {
        self.reader.position().byte() + self.before_bytes
    }

    /// Reads the next row; false at the end.
    fn read(&mut self) -> Result<bool, Problem> {
        lock(&self.seen).left = self.limit;
        let line = self.reader.position().line() + self.before;
        self.start = self.offset();
        let is_row = self.reader.read_byte_record(&mut self.row).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let message = format!("the row is longer than {} bytes; is a quote not closed?", self.limit);
                Problem::fatal(line, message)
            }
            csv::ErrorKind::Io(error) => Problem::source(line, &error),
            _ => Problem::fatal(line, "the row cannot be read"),
        })?;
        let row = if is_row { lock(&self.seen).quotes.row() } else { None };
        if let Some(row) = row {
            self.start = row.start + self.before_bytes;
            self.line = row.lines + 1 + self.before;
            row.wrong.map_or(Ok(()), |wrong| Err(self.misquoted(wrong)))?;
        }
        Ok(is_row)
    }

    /// The problem of a row with a wrong quote. Its text is not kept: it may be that of other rows.
    fn misquoted(&self, wrong: Misquoted) -> Problem {
        match wrong {
            Misquoted::Open { lines } => {
                let message = "the quote that opens here is never closed, so that the rows after it are lost";
                Problem::fatal(lines + 1 + self.before, message)
            }
            Misquoted::Continued => {
                let message =
                    "text follows a closing quote: a quote inside a value must be doubled, and each must be closed";
                Problem::new(self.line, message)
            }
        }
    }

    fn next(&mut self) -> Option<Found> {
        match self.read() {
            Ok(false) => None,
            Ok(true) if self.names == Names::Given => {
                self.names = Names::GivenAndSeen;
                let is_header = self.row == self.header;
                let message = "the first row is a header with these columns; leave `columns` out";
                Some(if is_header { Err(Problem::fatal(1, message)) } else { self.record() })
            }
            Ok(true) => Some(self.record()),
            Err(problem) => Some(Err(problem)),
        }
    }

    fn record(&self) -> Found {
        let line = self.line;
        if self.row.len() != self.keys.len() {
            let message = match self.names {
                Names::Header => {
                    format!("the row has {} fields, but the header has {}", self.row.len(), self.keys.len())
                }
                _ => format!("the row has {} fields, but `columns` has {}", self.row.len(), self.keys.len()),
            };
            return Err(self.with_text(Problem::new(line, message)));
        }
        let mut json = String::with_capacity(self.row.as_slice().len() * 2 + 2);
        json.push('{');
        for (position, (key, value)) in self.keys.iter().zip(&self.row).enumerate() {
            let Ok(value) = std::str::from_utf8(value) else {
                return Err(Problem::new(line, not_utf8(&format!("field {} of the row", position + 1), "csv")));
            };
            if position > 0 {
                json.push(',');
            }
            json.push_str(key);
            json.push_str(&quoted(value));
        }
        json.push('}');
        Ok((json, Place { line, bytes: Some(self.start..self.offset()) }))
    }

    /// Attaches the row and its header to a problem.
    fn with_text(&self, problem: Problem) -> Problem {
        let mut writer = csv::WriterBuilder::new().flexible(true).delimiter(self.delimiter).from_writer(Vec::new());
        let written = writer.write_byte_record(&self.header).and_then(|()| writer.write_byte_record(&self.row));
        match (written, writer.into_inner()) {
            (Ok(()), Ok(text)) => problem.with_text(&text),
            _ => problem,
        }
    }
}

/// What the reader of rows and its input share.
struct Seen {
    /// The number of bytes that may still be read for the row.
    left: usize,
    quotes: Quotes,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Limits the length of a row, and follows the quotes.
struct Bounded {
    input: Source,
    seen: Arc<Mutex<Seen>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut seen = lock(&self.seen);
        if seen.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let room = seen.left.min(buffer.len());
        let read = self.input.read(buffer.get_mut(..room).unwrap_or_default())?;
        seen.left -= read.min(seen.left);
        seen.quotes.follow(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// The delimiter given in a first line `sep=;`, an Excel convention, and the length of the line.
fn stated_delimiter(head: &[u8]) -> Option<(u8, u64)> {
    match head.strip_prefix(b"sep=")? {
        [delimiter, b'\n', ..] if delimiter.is_ascii() => Some((*delimiter, 6)),
        [delimiter, b'\r', b'\n', ..] if delimiter.is_ascii() => Some((*delimiter, 7)),
        _ => None,
    }
}

/// A header row of these columns for rows from a file that begins with `head`, with its delimiter.
#[must_use]
pub fn csv_header(columns: &[String], head: &[u8]) -> Vec<u8> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let delimiter =
        stated_delimiter(head).map_or_else(|| delimiter_of(head, Some(columns)), |(delimiter, _)| delimiter);
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let written = writer.write_record(columns);
    let mut header = writer.into_inner().unwrap_or_default();
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
    // the line that states the delimiter keeps it from being guessed
    header.splice(0..0, [b"sep=", &[delimiter][..], b"\n"].concat());
    header
}

/// The delimiter that splits the first line into the columns, or the likely one.
fn delimiter_of(head: &[u8], columns: Option<&[String]>) -> u8 {
    let counts = delimiters_in(head);
    let fits = |count: usize| columns.is_some_and(|columns| columns.len() > 1 && count + 1 == columns.len());
    let fitting = DELIMITERS.iter().zip(counts).find(|(_, count)| fits(*count));
    fitting.map_or_else(|| likely_delimiter(head), |(delimiter, _)| *delimiter)
}

/// The most frequent delimiter in the first line, outside quotes.
pub(super) fn likely_delimiter(head: &[u8]) -> u8 {
    let counts = delimiters_in(head);
    let most = counts.iter().max().copied().unwrap_or_default();
    DELIMITERS.iter().zip(counts).find(|(_, count)| *count == most).map_or(b',', |(delimiter, _)| *delimiter)
}

/// How often each delimiter is in the first line, outside quotes.
fn delimiters_in(head: &[u8]) -> [usize; DELIMITERS.len()] {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut is_quoted = false;
    for byte in head {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted => break,
            byte if !is_quoted => {
                let counted = DELIMITERS.iter().zip(&mut counts).filter(|(delimiter, _)| *delimiter == byte);
                counted.for_each(|(_, count)| *count += 1);
            }
            _ => {}
        }
    }
    counts
}

/// Whether a field of a header is no name of a column: a mail address, a stored password such as `$2b$10$…` or `{SSHA}…`, or a
/// long row of digits.
fn is_value(field: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(field) else { return false };
    let text = text.trim();
    let is_mail = || {
        let is_domain = |domain: &str| domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.');
        let is_one_word = !text.contains(|c: char| c.is_whitespace() || matches!(c, '(' | '/' | ':'));
        is_one_word && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && is_domain(domain))
    };
    let is_stored_password = || {
        text.strip_prefix('$').and_then(|rest| rest.split_once('$')).is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && rest.len() > 8
        }) || text.strip_prefix('{').and_then(|rest| rest.split_once('}')).is_some_and(|(_, rest)| rest.len() > 8)
    };
    let is_number = || text.len() > 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_mail() || is_stored_password() || is_number()
}

/// The names in the header, without surrounding spaces.
fn keys_of(header: &ByteRecord, line: u64) -> Result<Vec<String>, Problem> {
    let mut names: Vec<&str> = Vec::with_capacity(header.len());
    for (position, name) in header.iter().enumerate() {
        let Ok(name) = std::str::from_utf8(name) else {
            return Err(Problem::fatal(line, not_utf8(&format!("column {} of the header", position + 1), "csv")));
        };
        let name = name.trim();
        if let Some(first) = names.iter().position(|other| *other == name) {
            let message = format!(
                "columns {} and {} of the header have the same name; if it is a record, name them with `--columns`, in settings with `columns`",
                first + 1,
                position + 1
            );
            return Err(Problem::fatal(line, message));
        }
        names.push(name);
    }
    Ok(names.into_iter().map(|name| quoted(name) + ":").collect())
}

/// Formats text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
