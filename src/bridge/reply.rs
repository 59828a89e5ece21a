//! A reply as dialects make it.

use std::fmt;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::Value;
use zeroize::Zeroizing;

/// The reply to a product. `cache-control: no-store` is added to every one.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Zeroizing<Vec<u8>>,
}

/// Never shows a body.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Reply {
    /// A reply without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Zeroizing::default() }
    }

    /// A reply with a JSON body.
    #[must_use]
    pub fn json(status: StatusCode, body: &Value) -> Self {
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Self { status, headers, body: Zeroizing::new(body.to_string().into_bytes()) }
    }

    /// The same with another header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same with the time after which the product may ask again (RFC 9110, section 10.2.3).
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        self.with(RETRY_AFTER, retry_after(after))
    }
}

/// The value of `retry-after`: whole seconds, rounded up and at least one, so that nobody retries at once.
#[must_use]
pub fn retry_after(after: Duration) -> HeaderValue {
    let seconds = after.as_secs().saturating_add(u64::from(after.subsec_nanos() > 0));
    HeaderValue::from(seconds.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_at_least_one_second() {
        for (wait, header) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (90_000, 90)] {
            assert_eq!(retry_after(Duration::from_millis(wait)), HeaderValue::from(header), "{wait} ms");
        }
    }
}
