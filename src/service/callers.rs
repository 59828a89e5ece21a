//! Who may call: every route but the service's health asks for the caller's credentials, before the body is read, or, when it
//! is signed, before it is understood.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::app::App;
use super::body::read;
use super::guardrails::{place, unverified_place};
use super::problem::Problem;
use super::request::RequestInfo;
use crate::guard::{Admission, CallerHead, Callers, Introduction, SignedCall, SignedRequest};
use crate::migrate::{Clock as _, SystemClock};

/// The header of a signature (Standard Webhooks, <https://www.standardwebhooks.com>).
pub(super) const SIGNATURE: &str = "webhook-signature";

/// When to come back while replays cannot be told.
const COME_BACK: Duration = Duration::from_secs(5);

/// How soon a body comes that is sent with its head; over a slow line it may take a round trip longer.
const AT_ONCE: Duration = Duration::from_millis(250);

/// The caller's name, in the extensions of answers.
#[derive(Debug, Clone)]
pub(super) struct CallerName(pub(super) Arc<str>);

/// Whether a path is for whatever watches the process.
pub(super) fn needs_no_caller(path: &str) -> bool {
    matches!(path, "/health/live" | "/health/ready")
}

/// Lets the request on when its caller may call.
pub(super) async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    if needs_no_caller(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Entered { name, place, body } = match enter(&app, &parts, body).await {
        Ok(entered) => entered,
        Err(problem) => return problem.into_response(),
    };
    if let Some(info) = parts.extensions.get_mut::<RequestInfo>() {
        info.place = Some(Arc::clone(&place));
    }
    let mut response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Some(name) = name {
        response.extensions_mut().insert(CallerName(name));
    }
    drop(place);
    response
}

/// A request whose caller may call.
struct Entered {
    name: Option<Arc<str>>,
    place: Arc<OwnedSemaphorePermit>,
    body: Bytes,
}

/// Tells from the head who calls, and reads the body of those who may. Whoever cannot be told by the head has a place of
/// another room while the body comes.
async fn enter(app: &App, parts: &Parts, body: Body) -> Result<Entered, Problem> {
    let name = match &app.callers {
        None => None,
        Some(callers) => match callers.introduced(&head(&parts.headers)?, SystemClock.now()) {
            Introduction::Known(name) => Some(name),
            Introduction::Signed(call) => return signed(app, callers, call, parts, body).await,
            Introduction::Refused => return Err(Problem::CALLER),
        },
    };
    let place = place(app)?;
    Ok(Entered { name, place, body: whole(app, parts, body).await? })
}

async fn signed(
    app: &App,
    callers: &Callers,
    call: SignedCall<'_>,
    parts: &Parts,
    body: Body,
) -> Result<Entered, Problem> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    // A body that is there with its head needs no place: strangers who hold all places with bodies that do not come shut
    // nobody out. What may be held meanwhile is bounded by the windows of the connections.
    let mut whole = std::pin::pin!(whole(app, parts, body));
    let (body, unverified) = match timeout(AT_ONCE, whole.as_mut()).await {
        Ok(body) => (body?, None),
        Err(_) => {
            let place = unverified_place(app, peer)?;
            (whole.await?, Some(place))
        }
    };
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let request = SignedRequest { method: parts.method.as_str(), path, body: &body };
    let signer = callers.signer(&call, &request).ok_or(Problem::CALLER)?;
    drop(unverified);
    // The place comes first: a call that is remembered and then turned away could not be sent again.
    let place = place(app)?;
    match callers.admit(signer, SystemClock.now()).await {
        Admission::Admitted(name) => Ok(Entered { name: Some(name), place, body }),
        Admission::Refused => Err(Problem::CALLER),
        Admission::Unavailable => Err(Problem::unavailable(COME_BACK)),
    }
}

async fn whole(app: &App, parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    read(&parts.headers, body, app.limits.body_bytes, app.limits.body_time).await
}

fn head(headers: &HeaderMap) -> Result<CallerHead<'_>, Problem> {
    Ok(CallerHead {
        authorization: only(headers, "authorization")?,
        id: only(headers, "webhook-id")?,
        timestamp: only(headers, "webhook-timestamp")?,
        signature: only(headers, SIGNATURE)?,
    })
}

/// The one value of a header. One that comes twice, or is no text, verifies nothing.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Problem::CALLER),
        (Some(_), Some(_)) => Err(Problem::CALLER),
    }
}
