//! What a reply carries and a later request brings back: nobody else can read, change or make it.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ports::Keyring;

/// The bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// Seals and opens texts for one purpose, for all instances with the key of the ledger.
pub(super) struct Seal {
    cipher: Aes256Gcm,
    /// Makes nonces from what is sealed.
    nonces: Hmac<Sha256>,
    purpose: String,
}

impl Seal {
    pub fn new(keyring: &Keyring, purpose: impl Into<String>) -> Self {
        let purpose = purpose.into();
        let mut nonces = Zeroizing::new([0; 64]);
        let key = keyring.derived(&format!("{purpose}: nonces"));
        nonces.iter_mut().zip(key.iter()).for_each(|(to, from)| *to = *from);
        Self {
            cipher: Aes256Gcm::new(&(*keyring.derived(&purpose)).into()),
            nonces: Hmac::new(&(*nonces).into()),
            purpose,
        }
    }

    /// Seals bytes as text that can stand in an address; `None` if the operating system has no random bytes. Its length is
    /// that of the bytes, so callers that have to hide the length make it constant.
    pub fn seal(&self, bytes: &[u8]) -> Option<String> {
        self.seal_with(crate::random::bytes::<NONCE>().ok()?, bytes)
    }

    /// The same without random bytes: equal bytes become equal text, on every instance. The nonce is a digest of the bytes
    /// under a key of its own, so that different ones have different nonces.
    pub fn seal_alike(&self, bytes: &[u8]) -> Option<String> {
        let mut mac = self.nonces.clone();
        mac.update(bytes);
        self.seal_with(*mac.finalize().into_bytes().first_chunk()?, bytes)
    }

    fn seal_with(&self, nonce: [u8; NONCE], bytes: &[u8]) -> Option<String> {
        let payload = Payload { msg: bytes, aad: self.purpose.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens a text; `None` if it was not sealed here for this purpose.
    pub fn open(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: self.purpose.as_bytes() };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8, purpose: &str) -> Seal {
        Seal::new(&Keyring::new(&[key; 32]).unwrap(), purpose)
    }

    #[test]
    fn only_what_was_sealed_here_can_be_opened() {
        let own = seal(7, "test");
        let text = own.seal(b"a verdict").unwrap();
        assert_eq!(seal(7, "test").open(&text).as_deref(), Some(b"a verdict".as_slice()));
        assert_ne!(own.seal(b"a verdict").unwrap(), text);
        let alike = own.seal_alike(b"a verdict").unwrap();
        assert_eq!(seal(7, "test").seal_alike(b"a verdict").unwrap(), alike);
        assert_ne!(own.seal_alike(b"another").unwrap(), alike);
        assert_eq!(own.open(&alike).as_deref(), Some(b"a verdict".as_slice()));
        assert_eq!(seal(8, "test").open(&text), None);
        assert_eq!(seal(7, "other").open(&text), None);
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(own.open(&URL_SAFE_NO_PAD.encode(flipped)), None, "{bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(own.open(text.get(..cut).unwrap()), None, "{cut}");
        }
        assert_eq!(own.open(&format!("{text}=")), None);
    }
}
