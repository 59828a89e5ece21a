//! The texts of records on disk, and how they are read back by number.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Write};
use std::path::Path;

use super::positioned;
use crate::formats::{self, Format, ReadOptions};

/// The position of one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    offset: u64,
    bytes: u32,
}

/// The layout of the texts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    /// The original file: lines, as the legacy system wrote them.
    Lines,
    /// Our own spool file: JSON texts.
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
    /// A position; `None` if it is longer than any record.
    pub fn new(offset: u64, bytes: u64) -> Option<Self> {
        u32::try_from(bytes).ok().map(|bytes| Self { offset, bytes })
    }

    /// The length of the text, in bytes; for a line, including spaces and the line end.
    pub fn bytes(self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl Store {
    /// The JSON text at a position.
    ///
    /// # Errors
    /// If it cannot be read, or is no longer a valid record.
    pub fn read(&self, span: Span) -> io::Result<String> {
        let mut bytes = vec![0; span.bytes()];
        positioned::read(&self.file, &mut bytes, span.offset)?;
        match self.layout {
            Layout::Spool => String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()),
            Layout::Lines => {
                // Uses the format's own reader, which handles byte-order marks, spaces and rejects.
                let options = ReadOptions { record_bytes: bytes.len() };
                let mut records = formats::open(Box::new(Cursor::new(bytes)), Format::Ndjson, options);
                records.next().and_then(Result::ok).map(|record| record.json).ok_or(io::ErrorKind::InvalidData.into())
            }
        }
    }
}

/// Writes texts one after another to an unnamed file.
pub(super) struct Spool {
    output: BufWriter<File>,
    offset: u64,
}

impl Spool {
    /// Creates a spool in a folder. Nobody else can open it: only we may read it, and it has no name.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn new(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { output: BufWriter::with_capacity(256 * 1024, file), offset: 0 })
    }

    /// Appends a text.
    ///
    /// # Errors
    /// If the text cannot be written.
    pub fn push(&mut self, json: &str) -> io::Result<Span> {
        self.output.write_all(json.as_bytes())?;
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        let span = Span::new(self.offset, bytes).ok_or(io::ErrorKind::FileTooLarge)?;
        self.offset += bytes;
        Ok(span)
    }

    /// The file, ready for reading.
    ///
    /// # Errors
    /// If the remaining data cannot be written.
    pub fn finish(self) -> io::Result<File> {
        self.output.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_returns_its_texts_and_is_unnamed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::new(folder.path()).expect("a spool");
        let spans: Vec<_> = ["{\"a\":1}", "{}", "{\"ü\":\"\"}"].map(|text| spool.push(text).expect("room")).into();
        let store = Store { file: spool.finish().expect("room"), spans, layout: Layout::Spool };
        let texts: Vec<_> = store.spans.iter().map(|span| store.read(*span).expect("a text")).collect();
        assert_eq!(texts, ["{\"a\":1}", "{}", "{\"ü\":\"\"}"]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
