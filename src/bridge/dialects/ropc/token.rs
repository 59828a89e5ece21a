//! Access tokens that contain what they stand for, sealed, so that nothing is stored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ports::Keyring;

/// The longest token, in characters: the default of `service.header_limit` admits it, and every profile that the schema of
/// the rules admits fits in ordinary scripts.
const MAX_TOKEN: usize = 12 * 1024;

/// What a token stands for.
#[derive(Serialize, Deserialize)]
pub(super) struct Contents {
    /// The client that it was issued to.
    pub client: String,
    /// When it ends, in seconds since 1970.
    pub until: i64,
    /// The id of the account.
    pub account: String,
    /// Whether a new password must be chosen.
    pub must_change_password: bool,
    /// What the rules of the bridge made.
    pub profile: Map<String, Value>,
}

/// Never shows the profile.
impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Seals and opens tokens.
pub(super) struct Seal {
    key: LessSafeKey,
    nonces: Hmac<Sha256>,
    /// The bridge that the tokens belong to.
    bridge: String,
}

impl Seal {
    /// The seal of a bridge. All instances with one ledger key open each other's tokens.
    ///
    /// # Errors
    /// One sentence; no key of this length is invalid.
    pub fn new(keyring: &Keyring, bridge: &str) -> Result<Self, String> {
        let invalid = || "cannot derive the key of access tokens".to_owned();
        let key = keyring.derived("bridge ropc: access tokens");
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| invalid())?;
        let nonces = keyring.derived("bridge ropc: nonces of access tokens");
        let nonces = Hmac::new_from_slice(nonces.as_slice()).map_err(|_| invalid())?;
        Ok(Self { key: LessSafeKey::new(key), nonces, bridge: bridge.to_owned() })
    }

    /// The token of contents; `None` if it would be too long.
    pub fn seal(&self, contents: &Contents) -> Option<String> {
        let mut sealed = Zeroizing::new(serde_json::to_vec(contents).ok()?);
        let nonce = self.nonce(&sealed)?;
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), self.aad(), &mut *sealed).ok()?;
        let token = URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat());
        (token.len() <= MAX_TOKEN).then_some(token)
    }

    /// The contents of a token that is ours and has not ended.
    pub fn open(&self, token: &str, now: Timestamp) -> Option<Contents> {
        let is_short = token.len() <= MAX_TOKEN;
        let mut bytes = Zeroizing::new(is_short.then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten()?);
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.key.open_in_place(nonce, self.aad(), sealed).ok()?;
        let contents: Contents = serde_json::from_slice(opened).ok()?;
        (now.as_second() < contents.until).then_some(contents)
    }

    fn aad(&self) -> Aad<&[u8]> {
        Aad::from(self.bridge.as_bytes())
    }

    /// A digest of the contents under a key of its own, in place of a random number: different contents have different
    /// nonces, and equal ones the same token.
    fn nonce(&self, contents: &[u8]) -> Option<[u8; NONCE_LEN]> {
        let mut mac = self.nonces.clone();
        mac.update(self.bridge.as_bytes());
        mac.update(&[0]);
        mac.update(contents);
        mac.finalize().into_bytes().get(..NONCE_LEN)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seal(key: u8, bridge: &str) -> Seal {
        Seal::new(&Keyring::new(&[key; 32]).unwrap(), bridge).unwrap()
    }

    fn contents(size: usize) -> Contents {
        let profile = json!({ "name": "x".repeat(size) }).as_object().cloned().unwrap();
        let (client, account) = ("shop".to_owned(), "a-1".to_owned());
        Contents { client, until: 1_000, account, must_change_password: false, profile }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_opened_by_its_bridge_until_it_ends() {
        let token = seal(1, "/a").seal(&contents(9)).unwrap();
        assert_eq!(seal(1, "/a").seal(&contents(9)).unwrap(), token, "the same on every instance");
        assert_eq!(seal(1, "/a").open(&token, at(999)).unwrap().account, "a-1");
        assert!(seal(1, "/a").open(&token, at(1_000)).is_none(), "it has ended");
        assert!(seal(1, "/b").open(&token, at(999)).is_none(), "another bridge");
        assert!(seal(2, "/a").open(&token, at(999)).is_none(), "another key");
    }

    #[test]
    fn a_changed_token_is_nobodys() {
        let seal = seal(1, "/a");
        let token = seal.seal(&contents(9)).unwrap();
        for at_byte in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at_byte] = if changed[at_byte] == b'A' { b'B' } else { b'A' };
            assert!(seal.open(&String::from_utf8(changed).unwrap(), at(1)).is_none(), "{at_byte}");
        }
        for text in ["", "A", "AAAA", &"A".repeat(37), &"A".repeat(13_000), "ä", &token[1..], &format!("{token}=")] {
            assert!(seal.open(text, at(1)).is_none(), "{text}");
        }
        assert!(seal.seal(&contents(10_000)).is_none());
    }
}
