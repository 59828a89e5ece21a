//! Access tokens that contain what they stand for, sealed, so that nothing is stored.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::bridge::sealed::Seal;
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
pub(super) struct Tokens(Seal);

impl Tokens {
    /// The tokens of a bridge. All instances with one ledger key open each other's.
    pub fn new(keyring: &Keyring, bridge: &str) -> Self {
        Self(Seal::new(keyring, format!("access tokens of {bridge}")))
    }

    /// The token of contents; `None` if it would be too long.
    pub fn seal(&self, contents: &Contents) -> Option<String> {
        let contents = Zeroizing::new(serde_json::to_vec(contents).ok()?);
        self.0.seal_alike(&contents).filter(|token| token.len() <= MAX_TOKEN)
    }

    /// The contents of a token that is ours and has not ended.
    pub fn open(&self, token: &str, now: Timestamp) -> Option<Contents> {
        let opened = Zeroizing::new((token.len() <= MAX_TOKEN).then(|| self.0.open(token)).flatten()?);
        let contents: Contents = serde_json::from_slice(&opened).ok()?;
        (now.as_second() < contents.until).then_some(contents)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seal(key: u8, bridge: &str) -> Tokens {
        Tokens::new(&Keyring::new(&[key; 32]).unwrap(), bridge)
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
        for text in
            ["", "A", "AAAA", &"A".repeat(37), &"A".repeat(13_000), "ä", token.get(1..).unwrap(), &format!("{token}=")]
        {
            assert!(seal.open(text, at(1)).is_none(), "{text}");
        }
        assert!(seal.seal(&contents(10_000)).is_none());
    }
}
