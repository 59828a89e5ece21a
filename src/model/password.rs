//! A presented password: bytes that cannot be printed, cloned or serialised, and that are wiped when dropped.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// A password as the customer presented it, never trimmed, folded or cut.
///
/// The bytes are wiped when the value is dropped.
///
/// ```
/// let password = landfall::model::Password::new(b"correct horse".to_vec())?;
/// assert_eq!(format!("{password:?}"), "Password(***)");
/// # Ok::<(), landfall::model::PasswordError>(())
/// ```
pub struct Password(Zeroizing<Vec<u8>>);

/// Why bytes are not a password that may reach a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// More than [`Password::MAX_BYTES`] bytes.
    #[error("a password has at most {} bytes", Password::MAX_BYTES)]
    TooLong,
}

impl Password {
    /// The longest password that is looked at, in bytes.
    ///
    /// Stops long inputs from buying CPU time (crypt-family hashes cost in proportion to the length); WordPress, phpBB,
    /// Symfony and passlib draw the same line.
    pub const MAX_BYTES: usize = 4096;

    /// Takes the presented bytes.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`] for more than [`Self::MAX_BYTES`] bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PasswordError> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(bytes))
    }

    /// The bytes, for a hash function or a legacy request and nothing else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}
