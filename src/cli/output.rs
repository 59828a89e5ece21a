//! Files that commands write records to.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::CommandError;
use super::input::is_dash;

/// A write error, with the name of the file.
pub struct OutError {
    /// The name of the file, in backticks.
    pub name: String,
    /// The error.
    pub error: io::Error,
}

/// A file that is written, or standard output.
pub struct Sink {
    name: String,
    writer: Box<dyn Write + Send>,
}

impl Sink {
    /// Opens a file for writing; `-` is standard output.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        if is_dash(path) {
            return Ok(Self { name: "standard output".to_owned(), writer: Box::new(buffered(io::stdout())) });
        }
        let name = format!("`{}`", path.display());
        let file = create(path).map_err(|e| CommandError::new(format!("cannot write {name}: {}", e.kind())))?;
        Ok(Self { name, writer: Box::new(buffered(file)) })
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutError> {
        self.writer.write_all(bytes).map_err(|error| OutError { name: self.name.clone(), error })
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn flush(&mut self) -> Result<(), OutError> {
        self.writer.flush().map_err(|error| OutError { name: self.name.clone(), error })
    }
}

fn buffered<W: Write>(writer: W) -> BufWriter<W> {
    BufWriter::with_capacity(256 * 1024, writer)
}

/// Creates a file that only its owner can read: it contains personal data, and possibly stored passwords.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Fails if an output would overwrite an input, or if two outputs are the same file. Each is an option and its path.
///
/// # Errors
/// The options that name one file.
pub fn check_distinct(inputs: &[(&str, &Path)], outputs: &[(&str, &Path)]) -> Result<(), CommandError> {
    for (at, (one, path)) in outputs.iter().enumerate() {
        for (other, other_path) in inputs.iter().chain(outputs.iter().take(at)) {
            // standard input and standard output are two streams
            let is_stream = is_dash(path) && is_dash(other_path) && *other != "--in";
            if is_stream || (!is_dash(path) && is_same_file(path, other_path)) {
                let message = format!("`{one}` and `{other}` are the same file");
                return Err(CommandError::new(message).help(format!("use a different path for `{one}`")));
            }
        }
    }
    Ok(())
}

/// Whether two paths are one file, by whatever name.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(one), Ok(other)) = (std::fs::metadata(one), std::fs::metadata(other)) {
        use std::os::unix::fs::MetadataExt as _;
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        // files that do not exist yet can only be compared by name
        _ => one == other,
    }
}

/// For code that writes to any writer.
impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
