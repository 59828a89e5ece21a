//! What a reply carries and a later request brings back: nobody else can read, change or make it.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ports::Keyring;

/// The bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// Seals and opens texts for one purpose, for all instances with the key of the ledger.
pub(super) struct Seal {
    cipher: Aes256Gcm,
    purpose: &'static str,
}

impl Seal {
    pub fn new(keyring: &Keyring, purpose: &'static str) -> Self {
        Self { cipher: Aes256Gcm::new(&(*keyring.derived(purpose)).into()), purpose }
    }

    /// Seals bytes as text that can stand in an address; `None` if the operating system has no random bytes. Its length is
    /// that of the bytes, so callers that have to hide the length make it constant.
    pub fn seal(&self, bytes: &[u8]) -> Option<String> {
        let nonce = crate::random::bytes::<NONCE>().ok()?;
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

    fn seal(key: u8, purpose: &'static str) -> Seal {
        Seal::new(&Keyring::new(&[key; 32]).unwrap(), purpose)
    }

    #[test]
    fn only_what_was_sealed_here_can_be_opened() {
        let own = seal(7, "test");
        let text = own.seal(b"a verdict").unwrap();
        assert_eq!(seal(7, "test").open(&text).as_deref(), Some(b"a verdict".as_slice()));
        assert_ne!(own.seal(b"a verdict").unwrap(), text);
        assert_eq!(seal(8, "test").open(&text), None);
        assert_eq!(seal(7, "other").open(&text), None);
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(own.open(&URL_SAFE_NO_PAD.encode(flipped)), None, "{bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(own.open(&text[..cut]), None, "{cut}");
        }
        assert_eq!(own.open(&format!("{text}=")), None);
    }
}
