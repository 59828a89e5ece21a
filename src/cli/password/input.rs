//! Reads lines from a file or standard input, and parses rows.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::super::CommandError;

/// The longest line that is read, in bytes; a longer line is no hash row and would only use memory.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Opens a file, or standard input for `-` or no path.
///
/// # Errors
/// If the file cannot be opened.
pub(super) fn open(path: Option<&Path>) -> Result<Box<dyn BufRead>, CommandError> {
    match path {
        None => Ok(Box::new(BufReader::new(std::io::stdin()))),
        Some(path) if path.as_os_str() == "-" => Ok(Box::new(BufReader::new(std::io::stdin()))),
        Some(path) => match File::open(path) {
            Ok(file) => Ok(Box::new(BufReader::new(file))),
            Err(error) => Err(CommandError::new(format!("cannot open `{}`: {error}", path.display()))
                .help("give a file, or `-` for standard input")),
        },
    }
}

/// Reads the next line without its line ending; `None` at the end of the input.
///
/// # Errors
/// If the input cannot be read or a line is longer than 1 MiB.
pub(super) fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> Result<Option<()>, CommandError> {
    line.clear();
    let read = input.take(MAX_LINE_BYTES).read_until(b'\n', line);
    match read.map_err(|error| CommandError::new(format!("cannot read the input: {error}")))? {
        0 => return Ok(None),
        read if u64::try_from(read) == Ok(MAX_LINE_BYTES) && !line.ends_with(b"\n") => {
            return Err(CommandError::new("a line of the input is longer than 1 MiB"));
        }
        _ => {}
    }
    if line.ends_with(b"\n") {
        line.pop();
    }
    if line.ends_with(b"\r") {
        line.pop();
    }
    Ok(Some(()))
}

/// Parses a line as a JSON object.
pub(super) fn object(line: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(line).ok()
}
