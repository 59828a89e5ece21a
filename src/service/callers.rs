//! Who may call: every route but the service's health asks for the caller's credentials, before the body is understood.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::body::read;
use super::problem::Problem;
use crate::guard::{Admission, CallerRequest, Callers};
use crate::migrate::{Clock as _, SystemClock};

/// The header of a signature (Standard Webhooks, <https://www.standardwebhooks.com>).
pub(super) const SIGNATURE: &str = "webhook-signature";

/// When to come back while replays cannot be told.
const COME_BACK: Duration = Duration::from_secs(5);

/// The caller's name, in the extensions of answers.
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
        Some(callers) => match ask(callers, &parts.headers, &body).await {
            Ok(name) => Some(name),
            Err(problem) => return problem.into_response(),
        },
    };
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(name) = name {
        response.extensions_mut().insert(name);
    }
    response
}

async fn ask(callers: &Callers, headers: &HeaderMap, body: &[u8]) -> Result<CallerName, Problem> {
    let shown = CallerRequest {
        authorization: only(headers, "authorization")?,
        id: only(headers, "webhook-id")?,
        timestamp: only(headers, "webhook-timestamp")?,
        signature: only(headers, SIGNATURE)?,
        body,
    };
    match callers.admit(shown, SystemClock.now()).await {
        Admission::Admitted(name) => Ok(CallerName(name)),
        Admission::Refused => Err(Problem::CALLER),
        Admission::Unavailable => Err(Problem::unavailable(COME_BACK)),
    }
}

/// The one value of a header. One that comes twice, or is no text, proves nothing.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Problem::CALLER),
        (Some(_), Some(_)) => Err(Problem::CALLER),
    }
}
