//! Opens the records that a command reads: from a file or standard input, in the given format, or the format of the
//! file extension, or the format detected from the first bytes.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal as _};
use std::path::Path;

use super::CommandError;
use crate::formats::{Format, ReadOptions, Reading, Records, SNIFF_BYTES, Source, open_at, peek, sniff};
use crate::rules::RecordsPath;

/// Opens the records of a path, or those of the list at `at` if it is given; `-` is standard input. `follow` may wrap the
/// source, to show progress.
///
/// # Errors
/// If the path cannot be read, or its format cannot be detected.
pub fn records(
    path: &Path,
    format: Option<Format>,
    options: ReadOptions,
    at: Option<RecordsPath>,
    follow: impl FnOnce(Source) -> Source,
) -> Result<(Records, Reading), CommandError> {
    records_of(follow(source(path)?), path, format, options, at)
}

/// Opens the records in a stream of bytes. `path` has the file extension, and is named in errors.
///
/// # Errors
/// If the stream cannot be read, or its format cannot be detected.
pub fn records_of(
    source: Source,
    path: &Path,
    format: Option<Format>,
    options: ReadOptions,
    at: Option<RecordsPath>,
) -> Result<(Records, Reading), CommandError> {
    if let Some(format) = format.or_else(|| extension(path).and_then(Format::from_extension)) {
        return Ok(open_at(source, format, options, at));
    }
    let (head, source) = peek(source, SNIFF_BYTES).map_err(|error| failed(path, error.kind()))?;
    match sniff(&head) {
        Some(format) => Ok(open_at(source, format, options, at)),
        None if head.is_empty() => Ok(open_at(source, Format::Ndjson, options, at)),
        None => Err(CommandError::new(format!("cannot detect the format of `{}`", path.display())).help(
            "use one of the file extensions ndjson, json, csv, ldif and yaml, or `--from` if the command has it",
        )),
    }
}

/// Reports on standard error where the records were read from, if they were in a list inside the document.
pub fn notice(reading: &Reading) {
    if let Some(notice) = reading.notice(|path| format!("--records '{path}'")) {
        anstream::eprintln!("{notice}");
    }
}

/// The first records of a path, as JSON texts; reports on standard error where they were read from.
///
/// # Errors
/// As for [`records`], and if there is no record or one of the first records cannot be read.
pub fn first(path: &Path, most: usize, at: Option<&RecordsPath>) -> Result<Vec<String>, CommandError> {
    let unreadable = |problem: String| CommandError::new(format!("cannot read `{}`: {problem}", path.display()));
    let (mut records, reading) = records(path, None, ReadOptions::default(), at.cloned(), |source| source)?;
    let mut texts = Vec::new();
    for record in records.by_ref().take(most) {
        let record = record.map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(&record.json)
            .map_err(|_| unreadable(format!("the record at line {} is not JSON", record.line)))?;
        texts.push(record.json);
    }
    // only reading on shows whether a document is the only one
    let _next = records.next();
    notice(&reading);
    if texts.is_empty() {
        return Err(CommandError::new(format!("`{}` contains no record", path.display())).help("a record is an object"));
    }
    Ok(texts)
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

/// Whether a path stands for standard input or output.
#[must_use]
pub fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The file extension of a path.
#[must_use]
pub fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(first(&path, 10, None).unwrap(), wanted, "{name}");
        }
    }

    #[test]
    fn files_without_records_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a.json", ""), ("b.json", "[]"), ("c.json", "[1]"), ("d.json", "{"), ("e.csv", "a,b\n")] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert!(first(&path, 10, None).is_err(), "{name}");
        }
        assert!(first(&folder.path().join("none.json"), 10, None).is_err());
        assert!(first(folder.path(), 10, None).is_err());
    }
}
