//! The first bytes of a file: byte-order marks and lookahead.

use std::io::{self, Cursor, Read};

use super::{Compression, Problem, Source};

/// Reads up to `bytes` bytes ahead and returns them together with a source that still starts with them.
///
/// # Errors
/// When the source cannot be read.
pub fn peek(mut source: Source, bytes: usize) -> io::Result<(Vec<u8>, Source)> {
    let mut head = Vec::new();
    let limit = u64::try_from(bytes).unwrap_or(u64::MAX);
    source.by_ref().take(limit).read_to_end(&mut head)?;
    let whole: Source = Box::new(Cursor::new(head.clone()).chain(source));
    Ok((head, whole))
}

/// What comes first of a source, without waiting for more than a few bytes, together with a source that still starts with it.
///
/// # Errors
/// When the source cannot be read.
pub fn glance(mut source: Source) -> io::Result<(Vec<u8>, Source)> {
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    // other functions have looked at the first four, and give them alone
    while head.len() <= 4 {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => head.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let whole: Source = Box::new(Cursor::new(head.clone()).chain(source));
    Ok((head, whole))
}

/// The source without its byte-order mark, and the length of the mark.
pub(super) fn plain(source: Source) -> Result<(Source, u64), Problem> {
    let failed = |error: io::Error| Problem::source(1, &error);
    let (head, mut source) = peek(source, 4).map_err(failed)?;
    match head.as_slice() {
        [0xEF, 0xBB, 0xBF, ..] => {
            source.read_exact(&mut [0; 3]).map_err(failed)?;
            Ok((source, 3))
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(Problem::fatal(1, "the text is UTF-16; save it as UTF-8")),
        head => match Compression::of(head) {
            Some(compression) => {
                Err(Problem::fatal(1, format!("the file is compressed with {}; unpack it first", compression.name())))
            }
            None => Ok((source, 0)),
        },
    }
}

/// What to say of text that is not UTF-8. Spreadsheets and old Windows programs write WINDOWS-1252; `extension` is that of the format.
pub(super) fn not_utf8(what: &str, extension: &str) -> String {
    format!(
        "{what} is not UTF-8; convert the file first, such as with `iconv -f WINDOWS-1252 -t UTF-8 in.{extension} > out.{extension}`"
    )
}
