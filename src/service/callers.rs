//! Who may call: every route but the service's health asks for the caller's credentials, before the body is understood.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::body::read;
use super::problem::Problem;
use crate::migrate::Pending;

/// The header of a signature (Standard Webhooks, <https://www.standardwebhooks.com>).
pub(super) const SIGNATURE: &str = "webhook-signature";

/// What a caller shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The headers of the request.
    pub headers: &'a HeaderMap,
    /// The whole body, which signatures are over.
    pub body: &'a [u8],
}

/// Whether a caller may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It may; its name in the settings, for logs.
    Admitted(String),
    /// It may not.
    Refused,
}

/// What tells callers apart. None admits everybody, and the service then listens on loopback only.
pub type CallerCheck = Option<Arc<dyn for<'a> Fn(Shown<'a>) -> Pending<'a, Admission> + Send + Sync>>;

/// The caller's name, in the extensions of requests and answers.
#[derive(Debug, Clone)]
pub(super) struct CallerName(pub(super) Arc<str>);

/// Whether a path is for whatever watches the process.
pub(super) fn needs_no_caller(path: &str) -> bool {
    matches!(path, "/health/live" | "/health/ready")
}

/// Reads the body, and lets the request on when its caller may call.
pub(super) async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    if needs_no_caller(request.uri().path()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = match read(&parts.headers, body, app.limits.body_bytes, app.limits.body_time).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let name = match &app.callers {
        None => None,
        Some(check) => match check(Shown { headers: &parts.headers, body: &body }).await {
            Admission::Admitted(name) => Some(CallerName(name.into())),
            Admission::Refused => return Problem::CALLER.into_response(),
        },
    };
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(name) = name {
        response.extensions_mut().insert(name);
    }
    response
}
