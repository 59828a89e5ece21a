//! A signed call: its headers follow Standard Webhooks, and the signature covers the whole request.
//!
//! ```text
//! id.timestamp.METHOD.path.body
//! ```
//!
//! The path is the request target as sent, including its query; the body is empty or a JSON object.

use jiff::Timestamp;

use super::list::{CallerHead, Callers};
use crate::signing::{Signature, SigningKey, is_signature};

/// The longest signature header that is processed, in bytes.
const MAX_HEADER_BYTES: usize = 4096;

/// The longest id of a signed call, in bytes; a UUID has 36.
const MAX_ID_BYTES: usize = 128;

/// The headers of a signed call whose signature is not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct SignedCall<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: i64,
    signatures: &'a str,
}

/// The parts that a signature covers besides the id and the time.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The method, such as `POST`.
    pub method: &'a str,
    /// The request target as sent: the path, with `?` and the query if there is one.
    pub path: &'a str,
    /// The body as received, before parsing.
    pub body: &'a [u8],
}

impl<'a> SignedCall<'a> {
    /// The headers, if they have the form of a recently signed call.
    pub(super) fn read(head: &CallerHead<'a>, now: Timestamp) -> Option<Self> {
        let (id, timestamp, signatures) = (head.id?, head.timestamp?, head.signature?);
        // The id must not contain a dot, so that different values of id, time and content never give the same signed
        // bytes.
        let is_id = !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
        // Only one spelling of the number is accepted, because the signature covers the number and not the header text.
        let is_time =
            timestamp.len() <= 12 && !timestamp.starts_with('0') && timestamp.bytes().all(|b| b.is_ascii_digit());
        let is_signed = signatures.len() <= MAX_HEADER_BYTES && signatures.split(' ').any(is_signature);
        if !is_id || !is_time || !is_signed {
            return None;
        }
        let timestamp: i64 = timestamp.parse().ok()?;
        ((now.as_second() - timestamp).abs() <= Callers::WINDOW).then_some(Self { id, timestamp, signatures })
    }

    /// Whether a key signed this request.
    pub(super) fn is_signed_by(&self, key: &SigningKey, request: &SignedRequest<'_>) -> bool {
        request.is_unambiguous()
            && key.check(self.signatures, self.id, self.timestamp, &request.content()) == Signature::Right
    }
}

impl SignedRequest<'_> {
    /// The signed content: `METHOD.path.body`.
    #[must_use]
    pub fn content(&self) -> Vec<u8> {
        [self.method.as_bytes(), b".", self.path.as_bytes(), b".", self.body].concat()
    }

    /// Whether the content can be split in only one way, so that bytes cannot be moved between method, path and body: a
    /// method has no dot, a path has neither white space nor `{`, and a non-empty body begins with one of these. All
    /// routes take a JSON object or nothing.
    fn is_unambiguous(&self) -> bool {
        let opens = |byte: &u8| matches!(byte, b'{' | b' ' | b'\t' | b'\r' | b'\n');
        self.method.bytes().all(|byte| byte.is_ascii_uppercase())
            && !self.path.as_bytes().iter().any(opens)
            && self.body.first().is_none_or(opens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_covers_the_whole_request() {
        let request = SignedRequest { method: "POST", path: "/v1/login?a=b.c", body: b"{}" };
        assert_eq!(request.content(), b"POST./v1/login?a=b.c.{}");
    }

    #[test]
    fn bytes_cannot_be_moved_between_parts() {
        for (method, path, body, want) in [
            ("POST", "/v1/login", "{}", true),
            ("POST", "/v1/login", "\r\n{}", true),
            ("GET", "/v1/accounts/a.b", "", true),
            ("GET", "/v1/accounts/a", "b", false),
            ("POST", "/v1/accounts/a", "b/password.{}", false),
            ("POST", "/v1/login.{\"a\":1", "{}", false),
            ("GET./v1", "/accounts/a", "", false),
            ("get", "/v1/accounts/a", "", false),
            ("POST", "/v1/login", "[]", false),
        ] {
            let request = SignedRequest { method, path, body: body.as_bytes() };
            assert_eq!(request.is_unambiguous(), want, "{method} {path} {body}");
        }
    }
}
