//! Gives every request an id, and records in logs and metrics how it ended.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Method, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::callers::CallerName;
use super::problem::{Problem, ProblemName};
use super::request::{REQUEST_ID, RequestInfo};

/// When a request is worth repeating that got no id.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The outermost layer: logs every request as one line, without any customer value.
pub(super) async fn watch(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none".to_owned(), |path| path.as_str().to_owned());
    let (method, version) = (method(request.method()), request.version());
    let info = match RequestInfo::new(&request, &app.trusted, app.peers()) {
        Ok(info) => info,
        Err(error) => {
            tracing::error!(%error, method, route, "no random bytes for the id of a request; it was not handled");
            let response = Problem::unavailable(RETRY_AFTER).into_response();
            app.metrics.answered(&route, response.status().as_u16(), begun.elapsed());
            return response;
        }
    };
    let id = info.id.clone();
    request.extensions_mut().insert(info);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    if app.stopper.is_ending() && version <= Version::HTTP_11 {
        // The connection closes with this response, so that the client sends nothing that nobody would read.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let took = begun.elapsed();
    app.metrics.answered(&route, response.status().as_u16(), took);
    log(&id, method, &route, &response, took);
    response
}

fn log(id: &str, method: &str, route: &str, response: &Response, took: Duration) {
    let outcome = response.extensions().get::<ProblemName>().map_or("ok", |name| name.0);
    let caller = response.extensions().get::<CallerName>().map_or("", |caller| &caller.0);
    let (status, micros) = (response.status().as_u16(), micros(took));
    if status >= 500 {
        tracing::warn!(request_id = id, method, route, status, outcome, caller, micros, "answered");
    } else {
        tracing::info!(request_id = id, method, route, status, outcome, caller, micros, "answered");
    }
}

/// Whole microseconds.
pub(super) fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// A closed set: methods are arbitrary text on the wire.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
