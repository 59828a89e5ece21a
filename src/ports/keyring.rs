//! Keyed digests: pseudonyms for customers wherever their identity must not be readable.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use super::{ExternalId, LegacyKey};

/// The key of the ledger. The same value gives the same digest only under the same key, so the key must be kept.
///
/// ```
/// use landfall::ports::Keyring;
/// let keyring = Keyring::new(&[7; 32])?;
/// assert_eq!(keyring.subject("ada"), keyring.subject("ada"));
/// assert_ne!(keyring.subject("ada"), keyring.network("ada"));
/// # Ok::<(), landfall::ports::KeyringError>(())
/// ```
pub struct Keyring {
    /// HMAC initialised with the key; wiped when dropped.
    keyed: Hmac<Sha256>,
}

/// An invalid key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// Fewer than [`Keyring::MIN_BYTES`] bytes.
    #[error("the ledger key is shorter than {} bytes", Keyring::MIN_BYTES)]
    TooShort,
}

impl Keyring {
    /// The minimum key length, in bytes. Stops identifiers from being recovered from their digests.
    pub const MIN_BYTES: usize = 32;

    /// Creates a keyring from a key.
    ///
    /// # Errors
    /// [`KeyringError::TooShort`].
    pub fn new(key: &[u8]) -> Result<Self, KeyringError> {
        if key.len() < Self::MIN_BYTES {
            return Err(KeyringError::TooShort);
        }
        // HMAC accepts keys of any length.
        let keyed = Hmac::new_from_slice(key).map_err(|_| KeyringError::TooShort)?;
        Ok(Self { keyed })
    }

    /// The digest of a canonical identifier.
    #[must_use]
    pub fn subject(&self, canonical: &str) -> String {
        self.digest(b"subject", &[canonical])
    }

    /// The digest of a legacy customer.
    #[must_use]
    pub fn customer(&self, key: &LegacyKey) -> String {
        self.digest(b"customer", &[&key.source, &key.id])
    }

    /// The digest of a network.
    #[must_use]
    pub fn network(&self, network: &str) -> String {
        self.digest(b"network", &[network])
    }

    /// The external id under which a customer's account is created.
    #[must_use]
    pub fn external_id(&self, key: &LegacyKey) -> ExternalId {
        ExternalId(self.digest(b"external", &[&key.source, &key.id]))
    }

    /// The authentication tag that chains the audit: covers the previous tag and the text of an entry.
    #[must_use]
    pub fn chain(&self, before: &str, entry: &str) -> String {
        self.digest(b"audit", &[before, entry])
    }

    /// A key for one purpose, of which neither the key of the ledger nor that for another purpose can be computed.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.tag(b"derived", &[purpose]))
    }

    /// HMAC-SHA-256 (RFC 2104), the first 128 bits in hex. Each part is preceded by its length, so that no two lists of
    /// parts give the same bytes.
    fn digest(&self, domain: &[u8], parts: &[&str]) -> String {
        let tag = self.tag(domain, parts);
        hex::encode(tag.get(..16).unwrap_or_default())
    }

    fn tag(&self, domain: &[u8], parts: &[&str]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        mac.update(domain);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// Never shows the key.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_delimited() {
        let keyring = Keyring::new(&[1; 32]).unwrap();
        let key = |source: &str, id: &str| LegacyKey { source: source.to_owned(), id: id.to_owned() };
        assert_ne!(keyring.customer(&key("a", "bc")), keyring.customer(&key("ab", "c")));
        assert_ne!(keyring.customer(&key("a", "b")), keyring.external_id(&key("a", "b")).0);
        assert_eq!(keyring.subject("ada").len(), 32);
    }

    #[test]
    fn derived_keys_differ_by_purpose_and_by_key() {
        let keyring = Keyring::new(&[1; 32]).unwrap();
        assert_eq!(keyring.derived("a"), keyring.derived("a"));
        assert_ne!(keyring.derived("a"), keyring.derived("b"));
        assert_ne!(keyring.derived("a"), Keyring::new(&[2; 32]).unwrap().derived("a"));
    }

    #[test]
    fn short_keys_are_refused() {
        assert_eq!(Keyring::new(&[1; 31]).err(), Some(KeyringError::TooShort));
    }
}
