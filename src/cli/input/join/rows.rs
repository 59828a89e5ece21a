//! The rows of a joined file, on disk, by their keys.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bumpalo::Bump;

use super::index::Index;
use super::path::KeyPath;
use crate::adapters::file::index::{Entry, Salt};
use crate::adapters::file::positioned;
use crate::adapters::file::sorter::Sorter;
use crate::cli::CommandError;
use crate::cli::input::{records_of, source};
use crate::formats::{ReadOptions, RecordError};
use crate::model::read::ReadLimits;

/// The most rows that are looked at for one key.
const MAX_ROWS: usize = 100_000;

/// The rows.
#[derive(Debug)]
pub(super) struct Rows {
    /// The texts: the length of the key, the key, and the row as JSON.
    texts: File,
    index: Index,
    salt: Salt,
    count: u64,
    with_key: u64,
    unreadable: u64,
    used: Used,
}

/// Why the rows of a record cannot be returned.
#[derive(Debug)]
pub(super) enum MatchError {
    /// They are longer than the room for them.
    TooLong,
    /// The temporary files cannot be read.
    Unreadable(io::Error),
}

impl From<io::Error> for MatchError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl Rows {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// If it cannot be read, or a temporary file cannot be written.
    pub fn read(path: &Path, key: &KeyPath, limit: usize) -> Result<Self, CommandError> {
        let options = ReadOptions::of_bytes(limit);
        let (records, reading) = records_of(source(path)?, path, None, &options, None)?;
        let mut writer = Writer::new().map_err(|error| unwritten(&error))?;
        let limits = ReadLimits { bytes: limit, ..ReadLimits::default() };
        let mut arena = Bump::new();
        for record in records {
            match record {
                Ok(record) => {
                    arena.reset();
                    let found = key.read(&record.json, None, &limits, &arena);
                    let keys = found.map(|found| found.keys);
                    writer.add(&record.json, keys).map_err(|error| unwritten(&error))?;
                }
                Err(RecordError { fatal: true, line, message, .. }) => {
                    let message = format!("cannot read `{}` to its end: line {line}: {message}", path.display());
                    return Err(CommandError::new(message).help("fix the file of `--join`, and run the command again"));
                }
                Err(_) => writer.unreadable += 1,
            }
        }
        if let Some(notice) = reading.notice(|path| format!("a file that contains only `{path}`")) {
            anstream::eprintln!("`{}`: {notice}", path.display());
        }
        writer.finish().map_err(|error| unwritten(&error))
    }

    /// The rows that have one of these keys, in the order of the file, as JSON. They have at most `room` bytes together.
    ///
    /// # Errors
    /// [`MatchError`].
    pub fn of(&self, keys: &[String], room: usize) -> Result<Vec<String>, MatchError> {
        let mut found: Vec<(Entry, &str)> = Vec::new();
        for key in keys {
            self.index.find(self.salt.hash(key), |entry| {
                if found.len() >= MAX_ROWS {
                    return Err(MatchError::TooLong);
                }
                found.push((entry, key));
                Ok(())
            })?;
        }
        found.sort_unstable_by_key(|(entry, _)| entry.offset);
        let (mut rows, mut length, mut last) = (Vec::new(), 0_usize, None);
        for (entry, key) in found {
            let Some((number, row)) = self.row(entry, key)? else { continue };
            // a row may have several of the keys
            if last == Some(number) {
                continue;
            }
            last = Some(number);
            length = length.saturating_add(row.len());
            if length > room {
                return Err(MatchError::TooLong);
            }
            self.used.set(number);
            rows.push(row);
        }
        Ok(rows)
    }

    /// The number and the text of a row, if it has this key.
    fn row(&self, entry: Entry, key: &str) -> io::Result<Option<(u64, String)>> {
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let mut bytes = vec![0; usize::try_from(entry.bytes).unwrap_or(usize::MAX)];
        positioned::read(&self.texts, &mut bytes, entry.offset)?;
        let (number, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let (length, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (stored, row) = rest.split_at_checked(length).ok_or_else(damaged)?;
        if stored != key.as_bytes() {
            return Ok(None);
        }
        let row = String::from_utf8(row.to_vec()).map_err(|_| damaged())?;
        Ok(Some((u64::from_le_bytes(*number), row)))
    }

    /// How many rows could be read.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many of them have a key.
    pub fn with_key(&self) -> u64 {
        self.with_key
    }

    /// How many could not be read.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// How many rows with a key no record had.
    pub fn unused(&self) -> u64 {
        self.with_key - self.used.count()
    }
}

/// Writes rows and their keys to temporary files.
struct Writer {
    texts: BufWriter<File>,
    offset: u64,
    sorter: Sorter,
    salt: Salt,
    count: u64,
    with_key: u64,
    unreadable: u64,
}

impl Writer {
    fn new() -> io::Result<Self> {
        Ok(Self {
            texts: BufWriter::with_capacity(256 * 1024, tempfile::tempfile()?),
            offset: 0,
            sorter: Sorter::with_runs(&std::env::temp_dir())?,
            salt: Salt(crate::random::bytes()?),
            count: 0,
            with_key: 0,
            unreadable: 0,
        })
    }

    /// Adds a row. One with several keys is written once for each.
    fn add(&mut self, row: &str, keys: Option<Vec<String>>) -> io::Result<()> {
        let Some(keys) = keys else {
            self.unreadable += 1;
            return Ok(());
        };
        self.count += 1;
        if keys.is_empty() {
            return Ok(());
        }
        let number = self.with_key;
        self.with_key += 1;
        for key in keys {
            let length = u32::try_from(key.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
            let bytes = u32::try_from(12 + key.len() + row.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
            self.texts.write_all(&number.to_le_bytes())?;
            self.texts.write_all(&length.to_le_bytes())?;
            self.texts.write_all(key.as_bytes())?;
            self.texts.write_all(row.as_bytes())?;
            self.sorter.push(Entry { hash: self.salt.hash(&key), offset: self.offset, bytes })?;
            self.offset += u64::from(bytes);
        }
        Ok(())
    }

    fn finish(self) -> io::Result<Rows> {
        let Self { texts, sorter, salt, count, with_key, unreadable, .. } = self;
        let texts = texts.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Rows { texts, index: Index::of(sorter)?, salt, count, with_key, unreadable, used: Used::new(with_key) })
    }
}

/// Which rows belong to a record: a bit for each.
#[derive(Debug)]
struct Used(Vec<AtomicU64>);

impl Used {
    fn new(rows: u64) -> Self {
        let words = usize::try_from(rows.div_ceil(64)).unwrap_or(0);
        Self((0..words).map(|_| AtomicU64::new(0)).collect())
    }

    fn set(&self, row: u64) {
        if let Some(word) = usize::try_from(row / 64).ok().and_then(|word| self.0.get(word)) {
            word.fetch_or(1 << (row % 64), Ordering::Relaxed);
        }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.load(Ordering::Relaxed).count_ones())).sum()
    }
}

fn unwritten(error: &io::Error) -> CommandError {
    CommandError::new(format!("cannot keep the rows of `--join` in a temporary file: {}", error.kind()))
        .help("set TMPDIR to a folder with more room: it takes about as much as the file itself")
}
