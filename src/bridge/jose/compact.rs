//! The compact form: parts in Base64url, divided by points (RFC 7515, section 3.1; RFC 7516, section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::bridge::json::object;

/// The longest token, in bytes. Stops tokens that only cost time; those of products have 1 to 3 KiB.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// The parts of a token, if it has as many.
pub(super) fn parts<const N: usize>(token: &str) -> Option<[&str; N]> {
    let parts: Vec<&str> = token.splitn(N + 1, '.').collect();
    if token.len() > MAX_BYTES { None } else { parts.try_into().ok() }
}

/// The bytes of a part. There is one spelling of them: without padding, and with zeros in the bits that are not used.
pub(super) fn decoded(part: &str) -> Option<Zeroizing<Vec<u8>>> {
    URL_SAFE_NO_PAD.decode(part).ok().map(Zeroizing::new)
}

/// A header. Repeated members are not accepted.
pub(super) fn header<T: DeserializeOwned>(part: &str) -> Option<T> {
    object(&decoded(part)?)
}

/// The header of an unsecured token.
#[derive(Deserialize)]
struct Unsecured {
    alg: String,
    #[serde(default)]
    crit: Option<Value>,
}

/// The payload of an unsecured token (RFC 7519, section 6). Only for what came encrypted, or signed in another way.
pub(in crate::bridge) fn unsecured(token: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let [head, payload, signature] = parts(std::str::from_utf8(token).ok()?)?;
    let head: Unsecured = header(head)?;
    if head.alg == "none" && head.crit.is_none() && signature.is_empty() { decoded(payload) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_one_spelling() {
        assert_eq!(parts("a.b.c"), Some(["a", "b", "c"]));
        assert_eq!(parts::<3>("a.b"), None);
        assert_eq!(parts::<3>("a.b.c.d"), None);
        assert_eq!(parts("."), Some(["", ""]));
        assert!(parts::<1>(&"a".repeat(MAX_BYTES + 1)).is_none());
        assert_eq!(decoded("_-8").unwrap().as_slice(), [0xff, 0xef]);
        for wrong in ["_-8=", "_-9", "/+8", "_-8\n", "_", " _-8"] {
            assert!(decoded(wrong).is_none(), "{wrong:?}");
        }
    }

    /// RFC 7519, section 6.1.
    #[test]
    fn unsecured_tokens_have_no_signature() {
        let (head, payload) = ("eyJhbGciOiJub25lIn0", "eyJpc3MiOiJqb2UifQ");
        assert_eq!(unsecured(format!("{head}.{payload}.").as_bytes()).unwrap().as_slice(), br#"{"iss":"joe"}"#);
        let signed = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        let critical = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","crit":["exp"]}"#);
        for wrong in [
            format!("{head}.{payload}"),
            format!("{head}.{payload}.AA"),
            format!("{signed}.{payload}."),
            format!("{critical}.{payload}."),
        ] {
            assert!(unsecured(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
