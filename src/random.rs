//! Random bytes from the operating system: the only place that makes salts, ids and keys.
//!
//! The pure engine has no randomness; modules up to `formats` cannot use this one.

use std::io;

/// Random bytes that nobody can predict.
///
/// ```
/// let (one, other): ([u8; 16], [u8; 16]) = (landfall::random::bytes()?, landfall::random::bytes()?);
/// assert_ne!(one, other);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If the operating system gives none. There is no fallback, because a constant would be worse than an error.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A random id of 128 bits, as 32 hexadecimal digits.
///
/// # Errors
/// As [`bytes`].
pub fn id() -> io::Result<String> {
    bytes::<16>().map(hex::encode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_have_32_digits() {
        let ids = [id().unwrap(), id().unwrap()];
        assert_ne!(ids[0], ids[1]);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit())), "{ids:?}");
    }
}
