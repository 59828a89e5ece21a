//! `zip: DEF` (RFC 7516, section 4.1.3; RFC 1951).

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use zeroize::Zeroizing;

/// The longest text, in bytes. Stops a few compressed bytes from filling the memory; a password and its claims are short.
const MAX_BYTES: u64 = 64 * 1024;

/// The text that was compressed; `None` if it is too long, incomplete, or followed by something else.
pub(super) fn inflated(compressed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut decoder = DeflateDecoder::new(compressed);
    let mut text = Zeroizing::new(Vec::new());
    (&mut decoder).take(MAX_BYTES + 1).read_to_end(&mut text).ok()?;
    let is_whole = u64::try_from(text.len()).ok()? <= MAX_BYTES && decoder.total_in() == compressed.len() as u64;
    is_whole.then_some(text)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn texts_are_bounded_and_whole() {
        let limit = usize::try_from(MAX_BYTES).unwrap();
        for text in [Vec::new(), b"a".to_vec(), vec![b'x'; limit]] {
            assert_eq!(inflated(&deflated(&text)).unwrap().as_slice(), text);
        }
        assert!(inflated(&deflated(&vec![b'x'; limit + 1])).is_none());
        assert!(inflated(&deflated(&vec![b'x'; 64 * limit])).is_none());
        let whole = deflated(b"twelve bytes");
        assert!(inflated(&whole[..whole.len() - 1]).is_none());
        assert!(inflated(&[whole.as_slice(), b"x"].concat()).is_none());
        for wrong in [b"".as_slice(), b"\xff\xff\xff", b"not compressed"] {
            assert!(inflated(wrong).is_none(), "{wrong:?}");
        }
    }
}
