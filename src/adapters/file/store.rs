//! The texts of records on disk, and how they are read back by number.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use super::kept::About;
use super::positioned;
use crate::formats::{self, Format};

/// How the texts of records are read.
#[derive(Debug)]
pub(super) enum Layout {
    /// From the export, as the legacy system wrote them, with the start of the export if they need it.
    Slices(Format, Vec<u8>),
    /// From our own spool file: JSON texts.
    Spool,
}

/// Texts by position.
#[derive(Debug)]
pub(super) struct Store {
    pub file: File,
    pub layout: Layout,
}

impl Store {
    /// The records of an export, with these columns if it has no header.
    ///
    /// # Errors
    /// If its start cannot be read.
    pub fn slices(file: File, about: &About, columns: Option<&[String]>) -> io::Result<Self> {
        let head = match columns {
            Some(columns) => formats::csv_header(columns, &begin(&file)?),
            None => {
                let mut head = vec![0; about.head_bytes];
                positioned::read(&file, &mut head, 0)?;
                head
            }
        };
        Ok(Self { file, layout: Layout::Slices(about.format, head) })
    }

    /// The JSON text at a position.
    ///
    /// # Errors
    /// If it cannot be read, or is no longer a valid record.
    pub fn read(&self, offset: u64, bytes: u32) -> io::Result<String> {
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
        positioned::read(&self.file, &mut text, offset)?;
        match &self.layout {
            Layout::Spool => String::from_utf8(text).map_err(|_| io::ErrorKind::InvalidData.into()),
            Layout::Slices(format, head) => {
                let record = formats::again(head, text, *format);
                record.map(|record| record.json).ok_or(io::ErrorKind::InvalidData.into())
            }
        }
    }
}

/// The start of a file, in which its delimiter shows.
fn begin(file: &File) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut head = vec![0; length.min(formats::SNIFF_BYTES)];
    positioned::read(file, &mut head, 0)?;
    Ok(head)
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
    pub fn push(&mut self, json: &str) -> io::Result<Range<u64>> {
        self.output.write_all(json.as_bytes())?;
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        let start = self.offset;
        self.offset += bytes;
        Ok(start..self.offset)
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
        let store = Store { file: spool.finish().expect("room"), layout: Layout::Spool };
        let read = |span: &Range<u64>| store.read(span.start, u32::try_from(span.end - span.start).expect("short"));
        let texts: Vec<_> = spans.iter().map(|span| read(span).expect("a text")).collect();
        assert_eq!(texts, ["{\"a\":1}", "{}", "{\"ü\":\"\"}"]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
