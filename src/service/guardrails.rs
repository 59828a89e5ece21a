//! Bounds around every request: how many at a time, and how long each.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::callers::needs_no_caller;
use super::problem::Problem;
use super::request::RequestInfo;

/// When to come back after the service was full.
const FULL: Duration = Duration::from_secs(1);

/// Takes a place for the request, or says at once that there is none. Questions after the service's health need no place.
pub(super) async fn within_places(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if needs_no_caller(request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(place) = Arc::clone(&app.places).try_acquire_owned() else {
        app.metrics.shed();
        return Problem::unavailable(FULL).into_response();
    };
    let place = Arc::new(place);
    if let Some(info) = request.extensions_mut().get_mut::<RequestInfo>() {
        info.place = Some(Arc::clone(&place));
    }
    next.run(request).await
}

/// Ends the wait for a request that takes too long. Work that was begun goes on.
pub(super) async fn within_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(app.limits.request_time, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::unavailable(FULL).into_response())
}
