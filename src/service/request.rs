//! What every request has: an id, a customer's network, and its place among the requests that run.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, Request};
use tokio::sync::OwnedSemaphorePermit;

use super::network::TrustedProxies;
use crate::password::store::{SALT_BYTES, system_salt};

/// The header that carries the id of a request, in and out.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a caller. Stops logs from being filled; a UUID has 36 characters.
const MAX_ID: usize = 64;

/// What is known of a request before it is looked at.
#[derive(Debug, Clone)]
pub(super) struct RequestInfo {
    /// Its id.
    pub(super) id: Arc<str>,
    /// Where the customer comes from.
    pub(super) network: Option<IpAddr>,
    /// Its place; given back when the last clone is dropped.
    pub(super) place: Option<Arc<OwnedSemaphorePermit>>,
}

impl RequestInfo {
    pub(super) fn new<B>(request: &Request<B>, trusted: &TrustedProxies) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let network = peer.and_then(|peer| trusted.client(peer, request.headers()));
        let id = given_id(request.headers()).map_or_else(random_id, str::to_owned);
        Self { id: id.into(), network, place: None }
    }
}

/// The caller's own id, when it is one plain token.
fn given_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ((1..=MAX_ID).contains(&id.len()) && id.bytes().all(is_plain)).then_some(id)
}

fn random_id() -> String {
    let mut bytes = [0; SALT_BYTES];
    // It gives no error; an id of zeros would still be one.
    let _ = system_salt(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_callers_are_taken_when_they_are_plain_tokens() {
        let long = "a".repeat(MAX_ID + 1);
        let cases = [
            ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", true),
            ("a.b_c-1", true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            (long.as_str(), false),
        ];
        for (id, taken) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, id.parse().unwrap());
            assert_eq!(given_id(&headers).is_some(), taken, "{id}");
        }
        assert_ne!(random_id(), random_id());
        assert_eq!(random_id().len(), 2 * SALT_BYTES);
    }
}
