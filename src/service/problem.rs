//! Problems as `application/problem+json` (RFC 9457). All refusals of customers are one constant.

use std::time::Duration;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::mistake::Mistake;
use crate::bridge::retry_after;

/// The body of a problem. It never reveals anything about a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// A stable name of the problem.
    #[serde(rename = "type")]
    kind: &'static str,
    /// A short description.
    title: &'static str,
    /// The status code of the response.
    status: u16,
    /// Of a malformed body: what is wrong, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Of a malformed body: the name of the member that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'static str>,
    /// Of a malformed body: the line in which the mistake was noticed, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// Of a malformed body: the column in bytes, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// A problem with its response headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    retry_after: Option<Duration>,
    mistake: Option<Mistake>,
}

/// The media type of problems.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// How callers can authenticate, for `WWW-Authenticate` (RFC 9110, 11.6.1).
const SCHEMES: [&str; 2] = ["Bearer realm=\"landfall\"", "Basic realm=\"landfall\""];

impl Problem {
    /// Every refusal of a customer, whatever the reason.
    pub(super) const REFUSED: Self =
        Self::new(StatusCode::UNAUTHORIZED, "urn:landfall:problem:refused", "the customer cannot be signed in");
    /// The caller is not authenticated.
    pub(super) const CALLER: Self =
        Self::new(StatusCode::UNAUTHORIZED, "urn:landfall:problem:caller", "the caller is not authenticated");
    /// The caller may not call this route.
    pub(super) const NOT_ALLOWED: Self =
        Self::new(StatusCode::FORBIDDEN, "urn:landfall:problem:not-allowed", "the caller may not call this route");
    /// The body does not have the shape that the route expects.
    pub(super) const MALFORMED: Self =
        Self::new(StatusCode::BAD_REQUEST, "urn:landfall:problem:malformed", "the request body is malformed");
    /// No legacy system serves the tenant.
    pub(super) const TENANT: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "urn:landfall:problem:tenant",
        "no source of the settings has this tenant among its `tenants`",
    );
    /// The content type of the body is not JSON.
    pub(super) const MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "urn:landfall:problem:media-type",
        "the request body must be `application/json`",
    );
    /// The body is too large.
    pub(super) const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "urn:landfall:problem:too-large", "the request body is too large");
    /// The body did not arrive in time.
    pub(super) const TOO_SLOW: Self =
        Self::new(StatusCode::REQUEST_TIMEOUT, "urn:landfall:problem:too-slow", "the request body arrived too slowly");
    /// The account or route does not exist.
    pub(super) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "urn:landfall:problem:not-found", "not found");
    /// The route does not support the method.
    pub(super) const METHOD: Self =
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "urn:landfall:problem:method", "method not allowed");
    /// The password policy of the target refuses a new password.
    pub(super) const PASSWORD_REFUSED: Self = Self::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "urn:landfall:problem:password-refused",
        "the password policy of the target refuses the password",
    );
    /// The target cannot do what the route needs.
    pub(super) const UNSUPPORTED: Self =
        Self::new(StatusCode::NOT_IMPLEMENTED, "urn:landfall:problem:unsupported", "the target does not support this");
    /// An unexpected failure.
    pub(super) const INTERNAL: Self =
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "urn:landfall:problem:internal", "internal error");

    const fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self { status, kind, title, retry_after: None, mistake: None }
    }

    /// A temporary failure; the caller can try again later.
    pub(super) const fn unavailable(retry_after: Duration) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: "urn:landfall:problem:unavailable",
            title: "temporarily unavailable",
            retry_after: Some(retry_after),
            mistake: None,
        }
    }

    /// A body that does not have the shape that the route expects, and what is wrong with it. Only callers that were
    /// admitted are told.
    pub(super) const fn malformed(mistake: Mistake) -> Self {
        Self { mistake: Some(mistake), ..Self::MALFORMED }
    }

    /// The name after the last colon, for logs.
    pub(super) fn name(&self) -> &'static str {
        self.kind.rsplit(':').next().unwrap_or(self.kind)
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, retry_after(after));
        }
        if *self == Self::CALLER {
            for scheme in SCHEMES {
                headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
            }
        }
        headers
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let place = self.mistake.and_then(Mistake::place);
        let body = ProblemBody {
            kind: self.kind,
            title: self.title,
            status: self.status.as_u16(),
            detail: self.mistake.map(|mistake| mistake.to_string()),
            member: self.mistake.and_then(Mistake::member),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
        };
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().extend(self.headers());
        response.extensions_mut().insert(ProblemName(self.name()));
        response
    }
}

/// The name of the problem, for logs and metrics; it is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProblemName(pub(super) &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_have_their_media_type_and_no_store() {
        let response = Problem::unavailable(Duration::from_secs(3)).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[RETRY_AFTER], "3");
    }
}
