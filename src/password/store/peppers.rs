//! Secrets that are mixed into hashes and stored outside of the account store.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// The id of a pepper in a PHC string: 1 to 8 ASCII letters, digits, `-` or `_`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    bytes: [u8; KeyId::MAX_BYTES],
    length: usize,
}

/// Up to three peppers, newest first: the newest is used for new hashes, the others verify older hashes after a
/// rotation.
///
/// The secrets are Argon2's own secret input (RFC 9106 section 3.1, `K`), and are wiped when dropped.
#[derive(Default)]
pub struct Peppers(Vec<(KeyId, Zeroizing<Vec<u8>>)>);

/// Why peppers cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeppersError {
    /// The id is not 1 to 8 ASCII letters, digits, `-` or `_`.
    #[error("the id of a pepper must be 1 to {} ASCII letters, digits, `-` or `_`", KeyId::MAX_BYTES)]
    KeyId,
    /// Two peppers have the same id.
    #[error("two peppers have the same id")]
    Duplicate,
    /// There are more than [`Peppers::MAX`] peppers.
    #[error("there are more than {} peppers", Peppers::MAX)]
    TooMany,
    /// The secret has fewer than [`Peppers::MIN_SECRET`] or more than [`Peppers::MAX_SECRET`] bytes.
    #[error("the secret of a pepper must have {} to {} bytes", Peppers::MIN_SECRET, Peppers::MAX_SECRET)]
    SecretLength,
}

impl KeyId {
    /// The longest id, in bytes: the PHC format of Argon2 allows 8 bytes for `keyid`.
    pub const MAX_BYTES: usize = 8;

    /// Creates an id.
    ///
    /// # Errors
    /// [`PeppersError::KeyId`].
    pub fn new(id: &str) -> Result<Self, PeppersError> {
        Self::from_bytes(id.as_bytes())
    }

    pub(super) fn from_bytes(id: &[u8]) -> Result<Self, PeppersError> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.is_empty() || !id.iter().all(is_plain) {
            return Err(PeppersError::KeyId);
        }
        let mut bytes = [0; Self::MAX_BYTES];
        bytes.get_mut(..id.len()).ok_or(PeppersError::KeyId)?.copy_from_slice(id);
        Ok(Self { bytes, length: id.len() })
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.as_bytes().escape_ascii())
    }
}

impl Peppers {
    /// The most peppers: one in use, one being retired, one spare. More would keep old secrets alive forever.
    pub const MAX: usize = 3;
    /// The shortest secret, in bytes: 128 bits, so that it cannot be guessed from hashes (NIST SP 800-63B requires 112 bits).
    pub const MIN_SECRET: usize = 16;
    /// The longest secret, in bytes. Stops a whole file from being used as a secret.
    pub const MAX_SECRET: usize = 1024;

    /// No pepper.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Creates a list of peppers, newest first.
    ///
    /// # Errors
    /// [`PeppersError`], which never contains a secret.
    pub fn new(peppers: Vec<(KeyId, Zeroizing<Vec<u8>>)>) -> Result<Self, PeppersError> {
        if peppers.len() > Self::MAX {
            return Err(PeppersError::TooMany);
        }
        if peppers.iter().any(|(_, secret)| !(Self::MIN_SECRET..=Self::MAX_SECRET).contains(&secret.len())) {
            return Err(PeppersError::SecretLength);
        }
        let is_repeated = |id: &KeyId| peppers.iter().filter(|(other, _)| other == id).count() > 1;
        if peppers.iter().any(|(id, _)| is_repeated(id)) {
            return Err(PeppersError::Duplicate);
        }
        Ok(Self(peppers))
    }

    pub(super) fn newest(&self) -> Option<(&KeyId, &[u8])> {
        self.0.first().map(|(id, secret)| (id, secret.as_slice()))
    }

    pub(super) fn find(&self, id: &KeyId) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, secret)| secret.as_slice())
    }
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(id, _)| (id, "***"))).finish()
    }
}
