//! Files that commands write. A file gets its name when it is complete: until then it has a temporary name in the same
//! folder, and is removed when the command fails or is interrupted.

mod reads;
mod unfinished;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read as _, Write};
use std::path::Path;

use super::CommandError;
use super::input::is_dash;
pub use reads::Reads;
pub use unfinished::Existing;
use unfinished::{Readers, Unfinished};

/// A write error, with the name of the file.
pub struct OutError {
    /// The name of the file, in backticks.
    pub name: String,
    /// The error.
    pub error: io::Error,
}

/// What is written: a file, or standard output.
pub struct Sink {
    name: String,
    writer: Writer,
}

enum Writer {
    /// Standard output, a pipe, a device, or a file that grows in place.
    Direct(BufWriter<Box<dyn Write + Send>>),
    /// A file that gets its name at the end.
    Unfinished(BufWriter<File>, Unfinished),
}

impl Sink {
    /// Opens a file that gets its name when it is [finished](Self::finish), and that only its owner can read; `-` is
    /// standard output. Pipes and devices are written directly.
    ///
    /// # Errors
    /// If it cannot be created, or exists and stays.
    pub fn create(path: &Path, existing: Existing) -> Result<Self, CommandError> {
        Self::open(path, existing, Readers::Owner)
    }

    /// The same for a file without personal data, such as rules: others can read it as usual.
    ///
    /// # Errors
    /// As for [`create`](Self::create).
    pub fn create_readable(path: &Path, existing: Existing) -> Result<Self, CommandError> {
        Self::open(path, existing, Readers::AsUsual)
    }

    fn open(path: &Path, existing: Existing, readers: Readers) -> Result<Self, CommandError> {
        if is_dash(path) {
            return Ok(Self::stdout());
        }
        let name = format!("`{}`", path.display());
        let about = std::fs::metadata(path).ok();
        if is_special(path, about.as_ref()) {
            let file = OpenOptions::new().append(true).open(path);
            let file = file.map_err(|error| cannot_write(&name, &error))?;
            return Ok(Self { name, writer: Writer::Direct(buffered(Box::new(file))) });
        }
        if about.as_ref().is_some_and(Metadata::is_dir) {
            return Err(cannot_write(&name, &ErrorKind::IsADirectory.into()));
        }
        if about.is_none() && std::fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink()) {
            let message = format!("{name} is a symbolic link that leads to no file");
            return Err(CommandError::new(message).help("remove the link, or choose another path"));
        }
        if about.is_some() && existing == Existing::Stays {
            return Err(already_exists(&name));
        }
        if about.is_some() && is_database(path) {
            let message = format!("{name} is an SQLite database, which is never replaced");
            return Err(CommandError::new(message).help("choose another path"));
        }
        let (unfinished, file) = Unfinished::beside(path, existing, readers).map_err(|error| {
            cannot_write(&name, &error).help("its folder must exist, and files must be able to be created in it")
        })?;
        let writer = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Self { name, writer: Writer::Unfinished(writer, unfinished) })
    }

    /// Opens a file that has its name from the beginning, so that what was written stays when the command is interrupted;
    /// `-` is standard output.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn in_place(path: &Path) -> Result<Self, CommandError> {
        if is_dash(path) {
            return Ok(Self::stdout());
        }
        let name = format!("`{}`", path.display());
        let file = create(path).map_err(|error| cannot_write(&name, &error))?;
        Ok(Self { name, writer: Writer::Direct(buffered(Box::new(file))) })
    }

    fn stdout() -> Self {
        Self { name: "standard output".to_owned(), writer: Writer::Direct(buffered(Box::new(io::stdout()))) }
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutError> {
        let written = match &mut self.writer {
            Writer::Direct(writer) => writer.write_all(bytes),
            Writer::Unfinished(writer, _) => writer.write_all(bytes),
        };
        written.map_err(|error| OutError { name: self.name.clone(), error })
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn flush(&mut self) -> Result<(), OutError> {
        let flushed = match &mut self.writer {
            Writer::Direct(writer) => writer.flush(),
            Writer::Unfinished(writer, _) => writer.flush(),
        };
        flushed.map_err(|error| OutError { name: self.name.clone(), error })
    }

    /// Completes the outputs of a command: all files are on disk, then they get their names, in this order.
    ///
    /// # Errors
    /// If one cannot be written, or its name is taken meanwhile.
    pub fn finish(sinks: impl IntoIterator<Item = Self>) -> Result<(), OutError> {
        let mut unfinished = Vec::new();
        for Self { name, writer } in sinks {
            let written = match writer {
                Writer::Direct(mut writer) => writer.flush(),
                Writer::Unfinished(writer, file) => {
                    unfinished.push((name.clone(), file));
                    let written = writer.into_inner().map_err(io::IntoInnerError::into_error);
                    written.and_then(|file| file.sync_all())
                }
            };
            written.map_err(|error| OutError { name, error })?;
        }
        unfinished::publish(unfinished).map_err(|(name, error)| OutError { name, error })
    }
}

/// For code that writes to any writer.
impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Writer::Direct(writer) => writer.write(bytes),
            Writer::Unfinished(writer, _) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Direct(writer) => writer.flush(),
            Writer::Unfinished(writer, _) => writer.flush(),
        }
    }
}

/// Whether a file is an SQLite database, such as a ledger, by its first bytes (<https://sqlite.org/fileformat2.html>).
fn is_database(path: &Path) -> bool {
    let mut head = [0; 16];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"SQLite format 3\0"
}

fn cannot_write(name: &str, error: &io::Error) -> CommandError {
    CommandError::new(format!("cannot write {name}: {}", error.kind()))
}

fn already_exists(name: &str) -> CommandError {
    CommandError::new(format!("{name} already exists")).help("replace it with `--force`, or choose another path")
}

/// How much is written at a time.
const BUFFER_BYTES: usize = 256 * 1024;

fn buffered(writer: Box<dyn Write + Send>) -> BufWriter<Box<dyn Write + Send>> {
    BufWriter::with_capacity(BUFFER_BYTES, writer)
}

/// Whether a path is no place for a file: a pipe, a device, or an open file of this process such as `/dev/stdout`, which may
/// lead to a file that somebody else has opened.
fn is_special(path: &Path, about: Option<&Metadata>) -> bool {
    let is_descriptor = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"].iter().any(|start| path.starts_with(start));
    about.is_some_and(|about| !about.is_dir() && (!about.is_file() || is_descriptor))
}

/// Creates a file that only its owner can read: it contains personal data, and possibly stored passwords.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
