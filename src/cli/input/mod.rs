//! Opens the records that a command reads: from a file or standard input, in the given format, or the format of the
//! file extension, or the format detected from the first bytes.

mod arguments;
mod join;
mod sample;

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CommandError;
use crate::formats::{
    Compression, Format, ReadOptions, Reading, Records, SNIFF_BYTES, Source, foreign, glance, open_at, peek, sniff,
    unpacked,
};
use crate::rules::RecordsPath;
pub use arguments::{InputArguments, InputOptions};
use join::{Joins, Picked};
use sample::Picking;

/// The records that a command reads. They can be opened more than once.
#[derive(Debug, Clone)]
pub struct Input {
    path: PathBuf,
    format: Option<Format>,
    options: ReadOptions,
    at: Option<RecordsPath>,
    joins: Arc<Joins>,
    picking: Picking,
}

/// Opened records.
pub struct Opened {
    /// The records.
    pub records: Records,
    /// What there is to say about them once they are read.
    pub notes: Notes,
}

/// What there is to say about records that were read.
#[derive(Debug, Clone)]
pub struct Notes {
    reading: Reading,
    joins: Arc<Joins>,
    picked: Picked,
}

impl Input {
    /// The records of a path, all of them, as they are.
    #[must_use]
    pub fn whole_file(path: PathBuf, format: Option<Format>, options: ReadOptions, at: Option<RecordsPath>) -> Self {
        Self { path, format, options, at, joins: Arc::default(), picking: Picking::default() }
    }

    /// The same records without `--limit` and `--sample`.
    #[must_use]
    pub fn without_picking(&self) -> Self {
        Self { picking: Picking::default(), ..self.clone() }
    }

    /// The file; `-` is standard input.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the records. `follow` may wrap the bytes of the file, to show progress.
    ///
    /// # Errors
    /// If the file cannot be read, or its format cannot be detected.
    pub fn open(&self, follow: impl FnOnce(Source) -> Source) -> Result<Opened, CommandError> {
        self.open_source(follow(source(&self.path)?))
    }

    /// Opens the records in a stream of bytes, as if it were the file.
    ///
    /// # Errors
    /// If the stream cannot be read, or its format cannot be detected.
    pub fn open_source(&self, source: Source) -> Result<Opened, CommandError> {
        let (records, reading) = records_of(source, &self.path, self.format, &self.options, self.at.clone())?;
        let records = Arc::clone(&self.joins).join(self.picking.of(records));
        let picked = if self.picking.is_all() { Picked::All } else { Picked::Part };
        Ok(Opened { records, notes: Notes { reading, joins: Arc::clone(&self.joins), picked } })
    }

    /// The first records, as JSON texts; reports on standard error where they were read from.
    ///
    /// # Errors
    /// As for [`Input::open`], and if there is no record or one of the first records cannot be read.
    pub fn first(&self, most: usize) -> Result<Vec<String>, CommandError> {
        let path = &self.path;
        let unreadable = |problem: String| CommandError::new(format!("cannot read `{}`: {problem}", path.display()));
        let Opened { mut records, notes } = self.open(|source| source)?;
        let mut texts = Vec::new();
        for record in records.by_ref().take(most) {
            let record = record.map_err(|error| unreadable(error.to_string()))?;
            serde_json::from_str::<serde::de::IgnoredAny>(&record.json)
                .map_err(|_| unreadable(format!("the record at line {} is not JSON", record.line)))?;
            texts.push(record.json);
        }
        // only reading on shows whether a document is the only one
        let _next = records.next();
        notes.reading_only().show();
        if texts.is_empty() {
            let message = format!("`{}` contains no record", path.display());
            return Err(CommandError::new(message).help("a record is an object"));
        }
        Ok(texts)
    }
}

impl Opened {
    /// Records that are not from a file, about which there is nothing to say.
    #[must_use]
    pub fn of(records: Records) -> Self {
        let notes = Notes { reading: Reading::default(), joins: Arc::default(), picked: Picked::All };
        Self { records, notes }
    }
}

impl Notes {
    /// The notes, one sentence each: where the records were, and what became of the rows of `--join`.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let reading = self.reading.notice(|path| format!("--records '{path}'"));
        reading.into_iter().chain(self.joins.notes(self.picked)).collect()
    }

    /// Writes them to standard error.
    pub fn show(&self) {
        self.sentences().iter().for_each(|sentence| anstream::eprintln!("{sentence}"));
    }

    /// The notes without those about the rows of `--join`, for a command that reads on only as far as it needs.
    fn reading_only(&self) -> Self {
        Self { joins: Arc::default(), ..self.clone() }
    }
}

/// Opens the records in a stream of bytes. `path` has the file extension, and is named in errors.
///
/// # Errors
/// If the stream cannot be read, its content is no text of records, or its format cannot be detected.
fn records_of(
    source: Source,
    path: &Path,
    format: Option<Format>,
    options: &ReadOptions,
    at: Option<RecordsPath>,
) -> Result<(Records, Reading), CommandError> {
    let source = unpacked(source).map_err(|error| failed(path, error.kind()))?;
    let known = format.or_else(|| extension(path).and_then(Format::from_extension));
    // a stream whose format is known is read as it comes, for whoever watches it
    let looked = if known.is_some() { glance(source) } else { peek(source, SNIFF_BYTES) };
    let (head, source) = looked.map_err(|error| unreadable(path, &error))?;
    if let Some(found) = foreign(&head).filter(|found| found.is_certain || format.is_none()) {
        let message = format!("cannot read `{}` as records: it is {}", path.display(), found.what);
        return Err(CommandError::new(message).help(found.help));
    }
    let open = |format| Ok(open_at(source, format, options.clone(), at));
    match known.or_else(|| sniff(&head)) {
        Some(format) => open(format),
        None if head.is_empty() => open(Format::Ndjson),
        None => Err(CommandError::new(format!("cannot detect the format of `{}`", path.display()))
            .help("use one of the file extensions ndjson, json, csv, ldif and yaml, or set `--from`")),
    }
}

/// Opens a file of records, or standard input.
///
/// # Errors
/// If it cannot be read.
pub fn source(path: &Path) -> Result<Source, CommandError> {
    if is_dash(path) {
        if io::stdin().is_terminal() {
            let help = "give a file, or pipe the records to standard input";
            return Err(CommandError::new("there are no records to read").help(help));
        }
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| failed(path, error.kind()))?;
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        return Err(failed(path, ErrorKind::IsADirectory));
    }
    Ok(Box::new(file))
}

fn failed(path: &Path, kind: ErrorKind) -> CommandError {
    CommandError::new(format!("cannot read `{}`: {kind}", path.display()))
        .help("give the path of a file of records, or `-` for standard input")
}

/// Why the first bytes cannot be read: they may be compressed and damaged.
fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    match error.get_ref() {
        Some(why) => CommandError::new(format!("cannot read `{}`: {why}", path.display())),
        None => failed(path, error.kind()),
    }
}

/// Whether a path stands for standard input or output.
#[must_use]
pub fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The file extension of a path, without the one of a compression: `csv` for `users.csv.gz`.
#[must_use]
pub fn extension(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    Path::new(Compression::strip(name)).extension().and_then(|extension| extension.to_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(path: &Path) -> Result<Vec<String>, CommandError> {
        Input::whole_file(path.to_owned(), None, ReadOptions::default(), None).first(10)
    }

    #[test]
    fn records_are_read_from_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let big = r#"{"id":123456789012345678901}"#;
        for (name, text, wanted) in [
            ("a.json", r#"{"id":123456789012345678901}"#, vec![big]),
            ("b.json", r#"[{"id":123456789012345678901}, {"a":1}]"#, vec![big, r#"{"a":1}"#]),
            ("c.ndjson", "{\"a\":1}\n\n{\"b\":2}\n", vec![r#"{"a":1}"#, r#"{"b":2}"#]),
            ("d.json", r#"{"users":[{"a":1}]}"#, vec![r#"{"a":1}"#]),
            ("e.csv", "a;b\n1;\"x;y\"\n", vec![r#"{"a":"1","b":"x;y"}"#]),
            ("f.yaml", "- a: 1\n- b: x\n", vec![r#"{"a":1}"#, r#"{"b":"x"}"#]),
            ("g.ldif", "dn: cn=a\nmail: a@b.c\n", vec![r#"{"dn":"cn=a","mail":["a@b.c"]}"#]),
            ("export", "{\"a\":1}\n", vec![r#"{"a":1}"#]),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert_eq!(first(&path).unwrap(), wanted, "{name}");
        }
    }

    #[test]
    fn files_without_records_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a.json", ""), ("b.json", "[]"), ("c.json", "[1]"), ("d.json", "{"), ("e.csv", "a,b\n")] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert!(first(&path).is_err(), "{name}");
        }
        assert!(first(&folder.path().join("none.json")).is_err());
        assert!(first(folder.path()).is_err());
    }
}
