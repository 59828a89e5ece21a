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
    /// Each row as JSON, and behind it its keys, each with the place of the row: see [`Place`].
    texts: File,
    index: Index,
    salt: Salt,
    count: u64,
    with_key: u64,
    unreadable: u64,
    used: Used,
    /// Where the rows were in the file.
    notice: Option<String>,
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
        let notice = reading.notice(|path| format!("a file that contains only `{path}`"));
        let rows = writer.finish().map_err(|error| unwritten(&error))?;
        Ok(Self { notice, ..rows })
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
        let bytes = self.text(entry.offset, entry.bytes)?;
        let (place, stored) = Place::read(&bytes).ok_or(io::ErrorKind::InvalidData)?;
        if stored != key.as_bytes() {
            return Ok(None);
        }
        let row = String::from_utf8(self.text(place.offset, place.bytes)?);
        row.map(|row| Some((place.number, row))).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn text(&self, offset: u64, bytes: u32) -> io::Result<Vec<u8>> {
        let mut read = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        positioned::read(&self.texts, &mut read, offset)?;
        Ok(read)
    }

    /// Where the rows were in the file, if that is worth saying.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
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

/// Where a row is, and its number among those with a key. In the file, a key comes behind it.
struct Place {
    number: u64,
    offset: u64,
    bytes: u32,
}

impl Place {
    fn with_key(&self, key: &str) -> Vec<u8> {
        let number = self.number.to_le_bytes().into_iter().chain(self.offset.to_le_bytes());
        number.chain(self.bytes.to_le_bytes()).chain(key.bytes()).collect()
    }

    /// The place and the key in the bytes of a file.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let (length, key) = rest.split_first_chunk()?;
        let place = Self {
            number: u64::from_le_bytes(*number),
            offset: u64::from_le_bytes(*offset),
            bytes: u32::from_le_bytes(*length),
        };
        Some((place, key))
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

    /// Adds a row, and its keys behind it.
    fn add(&mut self, row: &str, keys: Option<Vec<String>>) -> io::Result<()> {
        let Some(keys) = keys else {
            self.unreadable += 1;
            return Ok(());
        };
        self.count += 1;
        if keys.is_empty() {
            return Ok(());
        }
        let place = Place { number: self.with_key, offset: self.offset, bytes: self.write(row.as_bytes())? };
        self.with_key += 1;
        for key in keys {
            let (hash, offset) = (self.salt.hash(&key), self.offset);
            let bytes = self.write(&place.with_key(&key))?;
            self.sorter.push(Entry { hash, offset, bytes })?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<u32> {
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.texts.write_all(bytes)?;
        self.offset += u64::from(length);
        Ok(length)
    }

    fn finish(self) -> io::Result<Rows> {
        let Self { texts, sorter, salt, count, with_key, unreadable, .. } = self;
        let texts = texts.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Rows {
            texts,
            index: Index::of(sorter)?,
            salt,
            count,
            with_key,
            unreadable,
            used: Used::new(with_key),
            notice: None,
        })
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
