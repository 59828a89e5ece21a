//! Signed messages according to Standard Webhooks: <https://www.standardwebhooks.com>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};
use thiserror::Error;
use zeroize::Zeroizing;

/// The prefix of a base64 secret.
const BASE64_PREFIX: &str = "whsec_";

/// The prefix of a supported signature: HMAC-SHA-256 in base64.
const VERSION_PREFIX: &str = "v1,";

/// The length of 32 bytes in base64.
const SIGNATURE_CHARACTERS: usize = 44;

/// How many signatures of one message are checked. A sender that rotates its key signs with two; stops a header from
/// causing unlimited comparisons.
const MAX_SIGNATURES: usize = 8;

/// A key that signs messages.
pub struct SigningKey {
    key: Zeroizing<Vec<u8>>,
}

/// An invalid signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SigningKeyError {
    /// Empty, or shorter than [`SigningKey::MIN_BYTES`].
    #[error("the signing secret is shorter than {} bytes", SigningKey::MIN_BYTES)]
    TooShort,
    /// The part after `whsec_` is not base64.
    #[error("the part of the signing secret after `whsec_` is not base64")]
    NotBase64,
}

/// Whether a text has the form of a supported signature.
pub(crate) fn is_signature(text: &str) -> bool {
    text.len() == VERSION_PREFIX.len() + SIGNATURE_CHARACTERS && text.starts_with(VERSION_PREFIX)
}

/// Whether a key signed a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// The signature is valid.
    Right,
    /// No signature is valid for this key.
    Wrong,
}

impl SigningKey {
    /// The minimum length of the key itself, in bytes, as the specification requires. Stops keys that can be guessed. A
    /// secret in settings has at least 32 bytes of text, which in base64 are 24 bytes of key.
    pub const MIN_BYTES: usize = 24;

    /// The key of a secret: `whsec_` and base64, or the bytes of the text itself.
    ///
    /// # Errors
    /// [`SigningKeyError`].
    pub fn new(secret: &SecretString) -> Result<Self, SigningKeyError> {
        let text = secret.expose_secret();
        let key = match text.strip_prefix(BASE64_PREFIX) {
            Some(coded) => STANDARD.decode(coded).map_err(|_| SigningKeyError::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        let key = Zeroizing::new(key);
        if key.len() < Self::MIN_BYTES { Err(SigningKeyError::TooShort) } else { Ok(Self { key }) }
    }

    /// Signs a message: `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`. `timestamp` is in seconds since
    /// 1970.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC accepts keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("{VERSION_PREFIX}{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Whether one of the space-separated signatures of a `webhook-signature` header is from this key. All of them are
    /// compared, in constant time.
    #[must_use]
    pub fn check(&self, signatures: &str, id: &str, timestamp: i64, body: &[u8]) -> Signature {
        let expected = self.sign(id, timestamp, body);
        let found = signatures
            .split(' ')
            .take(MAX_SIGNATURES)
            .filter(|signature| signature.starts_with(VERSION_PREFIX))
            .fold(Choice::from(0), |found, signature| found | signature.as_bytes().ct_eq(expected.as_bytes()));
        if found.into() { Signature::Right } else { Signature::Wrong }
    }
}

/// Never shows the key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> Result<SigningKey, SigningKeyError> {
        SigningKey::new(&SecretString::from(secret))
    }

    /// The example from the specification's libraries.
    #[test]
    fn agrees_with_the_reference_libraries() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, timestamp, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let signed = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(key.sign(id, timestamp, body), signed);
        for (header, want) in [
            (signed.to_owned(), Signature::Right),
            (format!("v2,xx v1,AAAA {signed}"), Signature::Right),
            (format!("{}{signed}", "v1,AAAA ".repeat(8)), Signature::Wrong),
            (signed.replace("v1,", "v2,"), Signature::Wrong),
            (signed.replace("v1,", ""), Signature::Wrong),
            (String::new(), Signature::Wrong),
            ("v1,".to_owned(), Signature::Wrong),
        ] {
            assert_eq!(key.check(&header, id, timestamp, body), want, "{header}");
        }
    }

    #[test]
    fn weak_secrets_are_rejected() {
        for (secret, want) in [
            ("", SigningKeyError::TooShort),
            ("whsec_", SigningKeyError::TooShort),
            ("short", SigningKeyError::TooShort),
            ("whsec_c2hvcnQ=", SigningKeyError::TooShort),
            ("whsec_***", SigningKeyError::NotBase64),
        ] {
            assert_eq!(key(secret).err(), Some(want), "{secret}");
        }
        assert!(key("twenty-four-bytes-of-it!").is_ok());
        assert_eq!(format!("{:?}", key("twenty-four-bytes-of-it!").unwrap()), "SigningKey(***)");
    }
}
