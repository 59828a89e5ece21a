//! What every request has: an id, the customer's network, and a permit to run.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, Request};
use tokio::sync::OwnedSemaphorePermit;

use super::network::{Peers, TrustedProxies};
use crate::random;

/// The header that carries the id of a request, in and out.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is accepted from a caller. Stops callers from filling the log; a UUID has 36 characters.
const MAX_ID: usize = 64;

/// What is known about a request before it is handled.
#[derive(Debug, Clone)]
pub(super) struct RequestInfo {
    /// The id of the request.
    pub(super) id: Arc<str>,
    /// The address of the customer.
    pub(super) network: Option<IpAddr>,
    /// The address of who calls, if it can be known.
    pub(super) caller: Option<IpAddr>,
    /// The permit of the request; released when the last clone is dropped.
    pub(super) permit: Option<Arc<OwnedSemaphorePermit>>,
}

impl RequestInfo {
    /// # Errors
    /// If the request has no id and the operating system has no random bytes for one.
    pub(super) fn new<B>(request: &Request<B>, trusted: &TrustedProxies, peers: Peers) -> io::Result<Self> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let network = peer.and_then(|peer| trusted.client(peers, peer, request.headers()));
        let caller = peer.and_then(|peer| trusted.caller(peer, request.headers()));
        Ok(Self { caller, id: id(request.headers(), random::id)?.into(), network, permit: None })
    }
}

/// The caller's own id, or a new one.
fn id(headers: &HeaderMap, new: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    given_id(headers).map_or_else(new, |given| Ok(given.to_owned()))
}

/// The caller's own id, if it is a plain token.
fn given_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=MAX_ID).contains(&id.len()) && id.bytes().all(is_plain)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_of_callers_must_be_plain_tokens() {
        let long = "a".repeat(MAX_ID + 1);
        let cases = [
            ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", true),
            ("a.b_c-1", true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            (long.as_str(), false),
        ];
        for (id, accepted) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, id.parse().unwrap());
            assert_eq!(given_id(&headers).is_some(), accepted, "{id}");
        }
    }

    #[test]
    fn a_request_without_an_id_fails_if_there_is_no_randomness() {
        let none = || Err(io::ErrorKind::Unsupported.into());
        let mut headers = HeaderMap::new();
        assert!(id(&headers, none).is_err());
        assert_eq!(id(&headers, || Ok("new".to_owned())).unwrap(), "new");
        headers.insert(REQUEST_ID, "given".parse().unwrap());
        assert_eq!(id(&headers, none).unwrap(), "given");
    }
}
