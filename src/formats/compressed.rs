//! Compressed exports: recognised by their first bytes, whatever their name.

use super::Source;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// The compression of a file with these first bytes; four are enough.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            // a frame that readers skip, which parallel compressors write first
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// A file name without the extension of a compression: `users.csv` for `users.csv.gz`.
    #[must_use]
    pub fn strip(name: &str) -> &str {
        [".gz", ".gzip", ".zst", ".zstd"]
            .iter()
            .find_map(|ending| {
                let at = name.len().checked_sub(ending.len())?;
                let (stem, end) = name.split_at_checked(at)?;
                end.eq_ignore_ascii_case(ending).then_some(stem)
            })
            .unwrap_or(name)
    }
}

/// Why compressed text cannot be read.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the program unpacks exports"))]
pub(super) enum UnpackError {
    /// The checksum is wrong, or the end is missing.
    #[error("the {0} data is damaged or incomplete")]
    Damaged(&'static str),
    /// It needs more memory than is allowed.
    #[error("the zstd data needs a window of more than 128 MiB; compress it again without `--ultra` and `--long`")]
    Window,
}

#[cfg(feature = "cli")]
pub use unpack::unpacked;

#[cfg(feature = "cli")]
mod unpack {
    use std::io::{self, BufReader, ErrorKind, Read};

    use flate2::bufread::MultiGzDecoder;

    use super::{Compression, Source, UnpackError};
    use crate::formats::peek;

    /// Two to this power is the most memory that Zstandard may use: 128 MiB, which its own program allows by default. Stops a
    /// small file from asking for gigabytes.
    const MAX_WINDOW: u32 = 27;

    /// How much is read from the file at a time.
    const BUFFER_BYTES: usize = 128 * 1024;

    /// The source itself, or what it contains if it is compressed. Text is unpacked as it is read, so that memory does not
    /// grow with it.
    ///
    /// # Errors
    /// If the source cannot be read.
    pub fn unpacked(source: Source) -> io::Result<Source> {
        let (head, source) = peek(source, 4)?;
        let Some(compression) = Compression::of(&head) else { return Ok(source) };
        let input = BufReader::with_capacity(BUFFER_BYTES, source);
        let inner: Source = match compression {
            Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                decoder.window_log_max(MAX_WINDOW)?;
                Box::new(decoder)
            }
        };
        Ok(Box::new(Unpacked { inner, name: compression.name() }))
    }

    /// Says what is wrong with compressed data, which decoders report in words of their own.
    struct Unpacked {
        inner: Source,
        name: &'static str,
    }

    impl Read for Unpacked {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.inner.read(buffer).map_err(|error| match error.kind() {
                ErrorKind::Interrupted => error,
                ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::Other => {
                    let is_window = error.to_string().contains("too much memory");
                    let why = if is_window { UnpackError::Window } else { UnpackError::Damaged(self.name) };
                    io::Error::new(ErrorKind::InvalidData, why)
                }
                _ => error,
            })
        }
    }
}

#[cfg(feature = "cli")]
#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _, Write as _};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        // as the program `zstd` does
        writer.include_checksum(true).unwrap();
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        let mut source = unpacked(Box::new(Cursor::new(bytes))).unwrap();
        let mut text = Vec::new();
        source.read_to_end(&mut text).map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn text_is_unpacked_by_content() {
        let skipped = [&[0x5A, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9][..], &zstd(b"abc")].concat();
        for (bytes, wanted) in [
            (b"abc".to_vec(), &b"abc"[..]),
            (Vec::new(), b""),
            (b"\x1f".to_vec(), b"\x1f"),
            (gzip(b"abc"), b"abc"),
            ([gzip(b"abc"), gzip(b"def")].concat(), b"abcdef"),
            (gzip(b""), b""),
            (zstd(b"abc"), b"abc"),
            ([zstd(b"abc"), zstd(b"def")].concat(), b"abcdef"),
            (skipped, b"abc"),
        ] {
            assert_eq!(read(bytes).as_deref(), Ok(wanted));
        }
    }

    #[test]
    fn damaged_data_is_an_error() {
        let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for (packed, wanted) in [
            (gzip(&text), "the gzip data is damaged or incomplete"),
            (zstd(&text), "the zstd data is damaged or incomplete"),
        ] {
            let half = packed[..packed.len() / 2].to_vec();
            assert_eq!(read(half).unwrap_err(), wanted);
            let mut flipped = packed.clone();
            flipped[40] ^= 0xFF;
            assert_eq!(read(flipped).unwrap_err(), wanted);
            assert_eq!(read(packed).unwrap(), text);
        }
    }

    #[test]
    fn a_window_that_is_too_large_is_an_error() {
        let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
        writer.window_log(28).unwrap();
        writer.write_all(b"abc").unwrap();
        let error = read(writer.finish().unwrap()).unwrap_err();
        assert!(error.starts_with("the zstd data needs a window of more than 128 MiB"), "{error}");
    }

    #[test]
    fn names_are_read_without_their_compression() {
        for (name, wanted) in [("u.csv.gz", "u.csv"), ("u.ndjson.ZST", "u.ndjson"), ("u.json", "u.json"), ("gz", "gz")]
        {
            assert_eq!(Compression::strip(name), wanted);
        }
    }
}
