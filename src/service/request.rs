//! What every request has: an id, the customer's network, and a permit to run.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, Request};
use tokio::sync::OwnedSemaphorePermit;

use super::network::{Peers, TrustedProxies};
use crate::password::store::{SALT_BYTES, system_salt};

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
    /// The permit of the request; released when the last clone is dropped.
    pub(super) permit: Option<Arc<OwnedSemaphorePermit>>,
}

impl RequestInfo {
    pub(super) fn new<B>(request: &Request<B>, trusted: &TrustedProxies, peers: Peers) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let network = peer.and_then(|peer| trusted.client(peers, peer, request.headers()));
        let id = given_id(request.headers()).map_or_else(random_id, str::to_owned);
        Self { id: id.into(), network, permit: None }
    }
}

/// The caller's own id, if it is a plain token.
fn given_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=MAX_ID).contains(&id.len()) && id.bytes().all(is_plain)).then_some(id)
}

fn random_id() -> String {
    let mut bytes = [0; SALT_BYTES];
    // A failure leaves zeros, which is still an id.
    let _ = system_salt(&mut bytes);
    hex::encode(bytes)
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
        assert_ne!(random_id(), random_id());
        assert_eq!(random_id().len(), 2 * SALT_BYTES);
    }
}
