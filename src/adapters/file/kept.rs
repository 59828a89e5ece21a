//! The index in a file of its own, which outlives the process: pages of sorted entries, then the first hash of each page,
//! then what the index was made from. It holds salted hashes of logins and positions, and no value of a record.
//!
//! Nothing in it is trusted: each part has a checksum, it belongs to one state of one export and to the settings it was
//! made with, and the record at a position must carry the login.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::FileReport;
use super::index::{Entry, Salt};
use super::positioned;
use super::sorter::{ENTRY_BYTES, Sorter, bytes_of, entry_of};
use crate::formats::Format;
use crate::settings::folder_of;

/// The first bytes; they change with the layout.
const MAGIC: &[u8; 16] = b"landfall-index 1";

/// Entries of a page, and its length with its checksum: about 4 KiB.
const PAGE_ENTRIES: usize = 204;
const PAGE_BYTES: usize = PAGE_ENTRIES * ENTRY_BYTES + CHECKSUM;
const CHECKSUM: usize = 8;

/// The header: the magic, the offset and the length of the description, and a checksum of all of it.
const HEADER_BYTES: usize = 16 + 8 + 8 + 32;

/// The maximum length of the description and of the first hashes. Stops a damaged file from filling the memory.
const MAX_TAIL: u64 = 256 * 1024 * 1024;

/// What an index was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Device, inode, length, and modification time in seconds and nanoseconds.
    pub stamp: (u64, u64, u64, u64, u32),
    /// A hash of pieces of the content.
    pub sample: [u8; 32],
    /// A hash of the settings.
    pub settings: [u8; 32],
}

/// What stands behind the pages.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    origin: Origin,
    salt: [u8; 16],
    entries: u64,
    firsts: u64,
    about: About,
}

/// What else is needed to answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct About {
    pub format: Format,
    pub head_bytes: usize,
    pub report: FileReport,
}

/// A file with an index.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    file: File,
    salt: Salt,
    entries: usize,
    /// The first hash of each page.
    firsts: Vec<u64>,
    pub about: About,
}

/// Whether a file is an index, of any version or export.
pub(super) fn is_index(path: &Path) -> bool {
    let mut magic = [0; 14];
    File::open(path).and_then(|file| positioned::read(&file, &mut magic, 0)).is_ok() && MAGIC.starts_with(&magic)
}

/// Writes an index beside its place and then moves it there, so that a torn one never has its name.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write(
    path: &Path,
    origin: Origin,
    salt: Salt,
    sorter: Sorter,
    about: impl FnOnce(u64, u64) -> About,
) -> io::Result<()> {
    // only the owner may read a file of `tempfile`
    let mut output = BufWriter::with_capacity(256 * 1024, tempfile::NamedTempFile::new_in(folder_of(path))?);
    output.write_all(&[0; HEADER_BYTES])?;
    let mut pages = Pages { output: &mut output, page: Vec::with_capacity(PAGE_BYTES), firsts: Vec::new(), entries: 0 };
    let (mut logins, mut ambiguous, mut run) = (0, 0, (None, 0_u64));
    sorter.merge(|entry| {
        run = if run.0 == Some(entry.hash) { (run.0, run.1 + 1) } else { (Some(entry.hash), 1) };
        logins += u64::from(run.1 == 1);
        ambiguous += u64::from(run.1 == 2);
        pages.push(entry)
    })?;
    pages.flush()?;
    let (firsts, entries) = (pages.firsts, pages.entries);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let about = about(logins, ambiguous);
    let description = Description { origin, salt: salt.0, entries, firsts: count(firsts.len()), about };
    let mut tail: Vec<u8> = firsts.iter().flat_map(|first| first.to_be_bytes()).collect();
    tail.extend(serde_json::to_vec(&description)?);
    output.write_all(&tail)?;
    let at = count(HEADER_BYTES) + count(firsts.len()) * count(PAGE_BYTES);
    output.seek(SeekFrom::Start(0))?;
    output.write_all(&header_of(at, count(tail.len()), &tail))?;
    let file = output.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn header_of(at: u64, length: u64, tail: &[u8]) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(at.to_be_bytes());
    header.extend(length.to_be_bytes());
    let digest = Sha256::new().chain_update(&header).chain_update(tail).finalize();
    header.extend_from_slice(&digest);
    header
}

struct Pages<'a, W: Write> {
    output: &'a mut W,
    page: Vec<u8>,
    firsts: Vec<u64>,
    entries: u64,
}

impl<W: Write> Pages<'_, W> {
    fn push(&mut self, entry: Entry) -> io::Result<()> {
        if self.page.is_empty() {
            self.firsts.push(entry.hash);
        }
        self.page.extend(bytes_of(entry));
        self.entries += 1;
        if self.page.len() == PAGE_ENTRIES * ENTRY_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.page.is_empty() {
            return Ok(());
        }
        self.page.resize(PAGE_ENTRIES * ENTRY_BYTES, 0);
        let number = self.firsts.len();
        let checksum = checksum(number, &self.page);
        self.page.extend(checksum);
        self.output.write_all(&self.page)?;
        self.page.clear();
        Ok(())
    }
}

/// The checksum of a page, which also knows its place.
fn checksum(number: usize, page: &[u8]) -> [u8; CHECKSUM] {
    let digest = Sha256::new().chain_update(number.to_string()).chain_update(page).finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

impl Kept {
    /// Opens an index; `None` if it was not made from this state of the export with these settings.
    ///
    /// # Errors
    /// If the file does not exist or cannot be read.
    pub fn open(path: &Path, origin: &Origin) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut header = [0; HEADER_BYTES];
        positioned::read(&file, &mut header, 0)?;
        let field =
            |from: usize| header.get(from..).and_then(<[u8]>::first_chunk).map_or(0, |b| u64::from_be_bytes(*b));
        let (at, length) = (field(16), field(24));
        if length > MAX_TAIL || at.checked_add(length) != Some(bytes) {
            return Ok(None);
        }
        let mut tail = vec![0; usize::try_from(length).unwrap_or(0)];
        positioned::read(&file, &mut tail, at)?;
        if header_of(at, length, &tail) != header {
            return Ok(None);
        }
        let pages = usize::try_from(at).unwrap_or(0).saturating_sub(HEADER_BYTES) / PAGE_BYTES;
        let Some((firsts, description)) = tail.split_at_checked(pages * 8) else { return Ok(None) };
        let Ok(found) = serde_json::from_slice::<Description>(description) else { return Ok(None) };
        if found.origin != *origin {
            return Ok(None);
        }
        let firsts = firsts.as_chunks().0.iter().map(|first| u64::from_be_bytes(*first)).collect();
        let entries = usize::try_from(found.entries).unwrap_or(0);
        let path = path.to_owned();
        Ok(Some(Self { path, file, salt: Salt(found.salt), entries, firsts, about: found.about }))
    }

    /// Removes a damaged index, so that the next opening makes another one.
    pub fn discard(&self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "cannot remove a damaged index");
        }
    }

    /// The first entries with the hash of a login.
    ///
    /// # Errors
    /// If a page cannot be read, or is damaged.
    pub fn candidates(&self, login: &str, most: usize) -> io::Result<Vec<Entry>> {
        let hash = self.salt.hash(login);
        let mut found = Vec::new();
        let begin = self.firsts.partition_point(|first| *first < hash).saturating_sub(1);
        for (number, first) in self.firsts.iter().enumerate().skip(begin) {
            if *first > hash || found.len() >= most {
                break;
            }
            found.extend(self.page(number)?.into_iter().filter(|entry| entry.hash == hash));
        }
        found.truncate(most);
        Ok(found)
    }

    fn page(&self, number: usize) -> io::Result<Vec<Entry>> {
        let mut page = vec![0; PAGE_BYTES];
        let offset = u64::try_from(HEADER_BYTES + number * PAGE_BYTES).unwrap_or(u64::MAX);
        positioned::read(&self.file, &mut page, offset)?;
        let (entries, sum) = page.split_at_checked(PAGE_ENTRIES * ENTRY_BYTES).unwrap_or_default();
        if checksum(number + 1, entries) != sum {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let count = self.entries.saturating_sub(number * PAGE_ENTRIES).min(PAGE_ENTRIES);
        Ok(entries.chunks_exact(ENTRY_BYTES).take(count).filter_map(entry_of).collect())
    }
}
