//! Where the texts of records lie on disk, and how they are read back by number.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Cursor, Write};
use std::path::Path;

use super::positioned;
use crate::formats::{self, Format, ReadOptions};
use crate::password::store::{SALT_BYTES, system_salt};

/// The place of one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    offset: u64,
    bytes: u32,
}

/// How the texts are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// The records' own file: lines, as customers' systems wrote them.
    Lines,
    /// Our own spool: JSON texts.
    Spool,
}

/// Texts by number.
#[derive(Debug)]
pub(super) struct Store {
    pub file: File,
    pub spans: Vec<Span>,
    pub layout: Layout,
}

impl Span {
    /// A place; none when it is longer than any record.
    pub fn new(offset: u64, bytes: u64) -> Option<Self> {
        u32::try_from(bytes).ok().map(|bytes| Self { offset, bytes })
    }

    /// How long the text is, in bytes; on a line, with the spaces and the end of the line.
    pub fn bytes(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl Store {
    /// The JSON text at a place.
    ///
    /// # Errors
    /// When it cannot be read, or is no record any more.
    pub fn read(&self, span: Span) -> io::Result<String> {
        let mut bytes = vec![0; span.bytes()];
        positioned::read(&self.file, &mut bytes, span.offset)?;
        match self.layout {
            Layout::Spool => String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()),
            Layout::Lines => {
                // The format's own reader: it knows byte-order marks, spaces and rejects.
                let options = ReadOptions { record_bytes: bytes.len() };
                let mut records = formats::open(Box::new(Cursor::new(bytes)), Format::Ndjson, options);
                records.next().and_then(Result::ok).map(|record| record.json).ok_or(io::ErrorKind::InvalidData.into())
            }
        }
    }
}

/// Writes texts one after the other to a file without a name.
pub(super) struct Spool {
    output: BufWriter<File>,
    offset: u64,
}

impl Spool {
    /// A new spool in a folder. Nobody else can open it: it is only ours to read, and its name is gone at once.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let mut random = [0; SALT_BYTES];
        system_salt(&mut random)?;
        let path = folder.join(format!("landfall-spool-{}", hex::encode(random)));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        fs::remove_file(&path)?;
        Ok(Self { output: BufWriter::with_capacity(256 * 1024, file), offset: 0 })
    }

    /// Appends a text.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn push(&mut self, json: &str) -> io::Result<Span> {
        self.output.write_all(json.as_bytes())?;
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        let span = Span::new(self.offset, bytes).ok_or(io::ErrorKind::FileTooLarge)?;
        self.offset += bytes;
        Ok(span)
    }

    /// The file, to be read.
    ///
    /// # Errors
    /// When the disk does not take the rest.
    pub fn finish(self) -> io::Result<File> {
        self.output.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_gives_back_what_it_took_and_has_no_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::new(folder.path()).expect("a spool");
        let spans: Vec<_> = ["{\"a\":1}", "{}", "{\"ü\":\"\"}"].map(|text| spool.push(text).expect("room")).into();
        let store = Store { file: spool.finish().expect("room"), spans, layout: Layout::Spool };
        let texts: Vec<_> = store.spans.iter().map(|span| store.read(*span).expect("a text")).collect();
        assert_eq!(texts, ["{\"a\":1}", "{}", "{\"ü\":\"\"}"]);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
