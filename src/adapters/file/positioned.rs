//! Reads a file at a position, from several threads concurrently.

use std::fs::File;
use std::io;

/// Fills the buffer from this offset.
///
/// # Errors
/// Also if the file ends before the buffer is full.
#[cfg(unix)]
pub(crate) fn read(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    file.read_exact_at(buffer, offset)
}

/// Fills the buffer from this offset.
///
/// # Errors
/// Also if the file ends before the buffer is full.
#[cfg(windows)]
pub(crate) fn read(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = buffer.get_mut(read..).unwrap_or_default();
                offset += u64::try_from(read).unwrap_or(u64::MAX);
            }
        }
    }
    Ok(())
}
