//! Caller authentication. Every route requires the credentials of a caller, except the health routes and what the dialect of a
//! bridge declares open: before the body is read or, for a signed call, before the body is parsed.

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
use super::bridges::{is_open, respond_named, seen};
use super::guardrails::{full, permit, unverified_slot};
use super::problem::Problem;
use super::request::RequestInfo;
use crate::bridge::Bridge;
use crate::callers::{Admission, CallerHead, Callers, Introduction, SignedCall, SignedRequest};
use crate::ports::{Clock as _, SystemClock};

/// The header of a signature (Standard Webhooks, <https://www.standardwebhooks.com>).
pub(super) const SIGNATURE: &str = "webhook-signature";

/// How long a caller should wait when replays cannot be detected.
const REPLAY_RETRY_AFTER: Duration = Duration::from_secs(5);

/// How soon a body arrives that is sent together with its head; on a slow line it can take one more round trip.
const PROMPT: Duration = Duration::from_millis(250);

/// The caller's name, stored in the extensions of the response.
#[derive(Debug, Clone)]
pub(super) struct CallerName(pub(super) Arc<str>);

/// Whether a path is open to monitoring without credentials.
pub(super) fn needs_no_caller(path: &str) -> bool {
    matches!(path, "/health/live" | "/health/ready")
}

/// Passes the request on if its caller is authenticated.
pub(super) async fn admit(State(app): State<App>, request: Request, next: Next) -> Response {
    if needs_no_caller(request.uri().path()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let bridge = app.bridges.at(parts.uri.path()).cloned();
    let entered = match &bridge {
        Some(bridge) if is_open(bridge, &parts) => open(&app, &parts, body).await,
        Some(bridge) if bridge.authenticates() => admitted_by(&app, bridge, &parts, body).await,
        _ => authenticate(&app, &parts, body).await.map_err(IntoResponse::into_response),
    };
    let Authenticated { name, permit, body } = match entered {
        Ok(entered) => entered,
        Err(response) => return response,
    };
    let is_allowed = |name: &Arc<str>| app.bridges.allow(name, parts.uri.path());
    if !bridge.is_some_and(|bridge| bridge.authenticates()) && !name.as_ref().is_none_or(is_allowed) {
        return named(Problem::NOT_ALLOWED.into_response(), name);
    }
    if let Some(info) = parts.extensions.get_mut::<RequestInfo>() {
        info.permit = Some(Arc::clone(&permit));
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    drop(permit);
    named(response, name)
}

/// The response with the name of the caller, for the logs.
fn named(mut response: Response, name: Option<Arc<str>>) -> Response {
    if let Some(name) = name {
        response.extensions_mut().insert(CallerName(name));
    }
    response
}

/// A request whose caller is authenticated.
struct Authenticated {
    name: Option<Arc<str>>,
    permit: Arc<OwnedSemaphorePermit>,
    body: Bytes,
}

/// Identifies the caller from the head, and then reads the body. If the head is not enough, the request occupies an
/// unverified slot until its body has arrived.
async fn authenticate(app: &App, parts: &Parts, body: Body) -> Result<Authenticated, Problem> {
    let name = match &app.callers {
        None => None,
        Some(callers) => match callers.introduced(&head(&parts.headers)?, SystemClock.now()) {
            Introduction::Known(name) => Some(name),
            Introduction::Signed(call) => return signed(app, callers, call, parts, body).await,
            Introduction::Refused => return Err(Problem::CALLER),
        },
    };
    let permit = permit(app)?;
    Ok(Authenticated { name, permit, body: whole(app, parts, body).await? })
}

/// A request to a bridge whose dialect authenticates it, which needs the body.
async fn admitted_by(app: &App, bridge: &Bridge, parts: &Parts, body: Body) -> Result<Authenticated, Response> {
    let body = of_unknown(app, parts, body).await.map_err(IntoResponse::into_response)?;
    // A call that was recorded and then turned away could not be sent again.
    if app.permits.available_permits() == 0 {
        return Err(full(app).into_response());
    }
    bridge.dialect().admit(&seen(bridge, parts, &body)).await.map_err(|reply| respond_named(reply, "caller"))?;
    let permit = permit(app).map_err(IntoResponse::into_response)?;
    Ok(Authenticated { name: Some(bridge.kind.name.into()), permit, body })
}

/// A request to a bridge that is answered without a caller.
async fn open(app: &App, parts: &Parts, body: Body) -> Result<Authenticated, Response> {
    let body = of_unknown(app, parts, body).await.map_err(IntoResponse::into_response)?;
    let permit = permit(app).map_err(IntoResponse::into_response)?;
    Ok(Authenticated { name: None, permit, body })
}

/// The body of a request whose caller is not known without it.
async fn of_unknown(app: &App, parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    // A body that arrives together with its head needs no slot, so an attacker who fills all slots with bodies that
    // never arrive locks nobody out. The memory held meanwhile is bounded by the flow-control windows of the
    // connections.
    let mut whole = std::pin::pin!(whole(app, parts, body));
    match timeout(PROMPT, whole.as_mut()).await {
        Ok(body) => body,
        Err(_) => {
            let _slot = unverified_slot(app, peer)?;
            whole.await
        }
    }
}

async fn signed(
    app: &App,
    callers: &Callers,
    call: SignedCall<'_>,
    parts: &Parts,
    body: Body,
) -> Result<Authenticated, Problem> {
    let body = of_unknown(app, parts, body).await?;
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    let request = SignedRequest { method: parts.method.as_str(), path, body: &body };
    let signer = callers.signer(&call, &request).ok_or(Problem::CALLER)?;
    // The permit comes first: a call that was recorded and then turned away could not be sent again.
    let permit = permit(app)?;
    match callers.admit(signer, SystemClock.now()).await {
        Admission::Admitted(name) => Ok(Authenticated { name: Some(name), permit, body }),
        Admission::Refused => Err(Problem::CALLER),
        Admission::Unavailable => Err(Problem::unavailable(REPLAY_RETRY_AFTER)),
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

/// The only value of a header. A header that is repeated or is not text authenticates nobody.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Problem::CALLER),
        (Some(_), Some(_)) => Err(Problem::CALLER),
    }
}
