//! A request as dialects see it.

use std::fmt;
use std::net::IpAddr;

use axum::http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::reply::Reply;

/// A request below the path of a bridge.
#[derive(Clone, Copy)]
pub struct BridgeRequest<'r> {
    /// The method.
    pub method: &'r Method,
    /// The whole path with the query, as it was sent; signatures cover it.
    pub target: &'r str,
    /// The path below the bridge, as it was sent: empty, or beginning with `/`.
    pub path: &'r str,
    /// The query, as it was sent.
    pub query: Option<&'r str>,
    /// The headers.
    pub headers: &'r HeaderMap,
    /// The body.
    pub body: &'r [u8],
    /// The address of the customer, if a trusted proxy says it.
    pub network: Option<IpAddr>,
    /// The address of who calls: the product, or the proxy nearest to it. `None` if a proxy that is not trusted stands in
    /// between.
    pub caller: Option<IpAddr>,
}

/// Never shows a body or a header.
impl fmt::Debug for BridgeRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeRequest").field("method", self.method).finish_non_exhaustive()
    }
}

impl BridgeRequest<'_> {
    /// Lets a `POST` pass.
    ///
    /// # Errors
    /// The reply to every other method.
    pub fn only_post(&self) -> Result<(), Reply> {
        if *self.method == Method::POST { Ok(()) } else { Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED)) }
    }

    /// The only segment of the path, decoded (RFC 3986, section 2.1); `None` if there is none, if there are more, or if it is
    /// not UTF-8.
    #[must_use]
    pub fn only_segment(&self) -> Option<String> {
        let segment = self.path.strip_prefix('/').filter(|segment| !segment.is_empty() && !segment.contains('/'))?;
        percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }

    /// The only value of a header; `None` if it is missing, repeated or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The media type of the body without its parameters, in lower case; empty if there is none.
    #[must_use]
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// The address of a customer as the product writes it. A list is not read: which of its addresses are true is not known.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
