//! Lines from a file or standard input, and rows out of lines.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::super::CommandError;

/// The longest line that is read, in bytes; longer ones are no hash rows and would only take memory.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Opens a file, or standard input for `-` and nothing.
///
/// # Errors
/// When the file cannot be opened.
pub(super) fn open(path: Option<&Path>) -> Result<Box<dyn BufRead>, CommandError> {
    match path {
        None => Ok(Box::new(BufReader::new(std::io::stdin()))),
        Some(path) if path.as_os_str() == "-" => Ok(Box::new(BufReader::new(std::io::stdin()))),
        Some(path) => match File::open(path) {
            Ok(file) => Ok(Box::new(BufReader::new(file))),
            Err(error) => Err(CommandError::new(format!("`{}` cannot be opened: {error}", path.display()))
                .help("name a file, or `-` for standard input")),
        },
    }
}

/// The next line without its end; `None` at the end of the input.
///
/// # Errors
/// When the input cannot be read or a line is longer than 1 MiB.
pub(super) fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> Result<Option<()>, CommandError> {
    line.clear();
    let read = input.take(MAX_LINE_BYTES).read_until(b'\n', line);
    match read.map_err(|error| CommandError::new(format!("the input cannot be read: {error}")))? {
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

/// A line as a JSON object.
pub(super) fn object(line: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(line).ok()
}
