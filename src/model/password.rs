//! A presented password: bytes that cannot be printed, cloned or serialized, and that are wiped when dropped.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// A password as the customer presented it, never trimmed, folded or truncated.
///
/// The bytes are wiped when the value is dropped.
///
/// ```
/// let password = landfall::model::Password::new(b"correct horse".to_vec())?;
/// assert_eq!(format!("{password:?}"), "Password(***)");
/// # Ok::<(), landfall::model::PasswordError>(())
/// ```
pub struct Password(Zeroizing<Vec<u8>>);

/// Why bytes cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// The password has more than [`Password::MAX_BYTES`] bytes.
    #[error("a password can have at most {} bytes", Password::MAX_BYTES)]
    TooLong,
}

impl Password {
    /// The longest accepted password, in bytes.
    ///
    /// Stops long inputs from using up CPU time (the cost of crypt-family hashes is proportional to the length);
    /// WordPress, phpBB, Symfony and passlib have the same limit.
    pub const MAX_BYTES: usize = 4096;

    /// A password from the presented bytes.
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
