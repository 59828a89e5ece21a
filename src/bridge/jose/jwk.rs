//! Public keys (RFC 7517, RFC 7518 section 6).

use serde::Deserialize;
use serde_json::Value;

use super::compact::decoded;
use crate::bridge::json::object;

/// The most keys of a set. Stops sets that cost time with every token that names no key; providers have up to a dozen.
const MAX_KEYS: usize = 64;

/// The public keys of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeySet(Vec<Key>);

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Its id.
    kid: Option<String>,
    /// The only algorithm that it is for.
    pub alg: Option<String>,
    /// The key.
    pub public: Public,
}

/// The numbers of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Public {
    /// The modulus and the exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point of P-256, uncompressed (SEC 1).
    P256(Vec<u8>),
    /// A point of P-384, uncompressed (SEC 1).
    P384(Vec<u8>),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Members {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys of other kinds and for other uses are left out (RFC 7517, section 5); a set without any key for
    /// signatures is `None`.
    pub fn read(text: &[u8]) -> Option<Self> {
        let document: Document = object(text)?;
        let keys: Vec<Key> = document.keys.into_iter().take(MAX_KEYS).filter_map(Key::read).collect();
        if keys.is_empty() { None } else { Some(Self(keys)) }
    }

    /// The keys that a token may be signed with: those with the id that it names, or all.
    pub fn named<'s>(&'s self, kid: Option<&'s str>) -> impl Iterator<Item = &'s Key> {
        self.0.iter().filter(move |key| kid.is_none() || key.kid.as_deref() == kid)
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let members: Members = serde_json::from_value(value).ok()?;
        let is_for_signatures = members.usage.as_deref().is_none_or(|usage| usage == "sig")
            && members.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|name| name == "verify"));
        let public = members.public().filter(|_| is_for_signatures)?;
        Some(Self { kid: members.kid, alg: members.alg, public })
    }
}

impl Members {
    fn public(&self) -> Option<Public> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Some(Public::Rsa { n: number(self.n.as_deref()?)?, e: number(self.e.as_deref()?)? }),
            ("EC", Some("P-256")) => self.point(32).map(Public::P256),
            ("EC", Some("P-384")) => self.point(48).map(Public::P384),
            _ => None,
        }
    }

    fn point(&self, bytes: usize) -> Option<Vec<u8>> {
        let (x, y) = (decoded(self.x.as_deref()?)?, decoded(self.y.as_deref()?)?);
        let is_whole = x.len() == bytes && y.len() == bytes;
        is_whole.then(|| [&[4], x.as_slice(), y.as_slice()].concat())
    }
}

/// A number, of which some issuers write leading zeros.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = decoded(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).filter(|digits| !digits.is_empty()).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_may_have_keys_that_are_not_for_us() {
        let set = KeySet::read(
            br#"{"keys":[
                {"kty":"RSA","kid":"a","use":"sig","n":"ALc","e":"AQAB","x5c":["x"],"issuer":"https://idp.example"},
                {"kty":"RSA","kid":"b","use":"enc","n":"tw","e":"AQAB"},
                {"kty":"RSA","kid":"c","key_ops":["encrypt"],"n":"tw","e":"AQAB"},
                {"kty":"oct","kid":"d","k":"c2VjcmV0"},
                {"kty":"OKP","kid":"e","crv":"Ed25519","x":"tw"},
                {"kty":"EC","kid":"f","crv":"P-256","x":"tw","y":"tw"},
                {"kty":"RSA","kid":"g","n":"","e":"AQAB"},
                {"kty":"RSA","kid":7,"n":"tw","e":"AQAB"},
                7
            ]}"#,
        )
        .unwrap();
        let wanted =
            Key { kid: Some("a".to_owned()), alg: None, public: Public::Rsa { n: vec![0xb7], e: vec![1, 0, 1] } };
        assert_eq!(set, KeySet(vec![wanted]));
        assert_eq!((set.named(None).count(), set.named(Some("a")).count(), set.named(Some("b")).count()), (1, 1, 0));
        for wrong in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
            assert_eq!(KeySet::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
