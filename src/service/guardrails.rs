//! Limits of every request: how many run at a time, and how long each may take.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::app::App;
use super::connections::Ticket;
use super::problem::Problem;

/// How long a caller should wait when the service is full.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The slots of unverified requests are divided into this many shares, and one host gets one share. Stops one host from
/// taking them all.
pub(super) const SHARES: usize = 4;

/// A permit for a request whose caller is authenticated, or 503 if there is none.
pub(super) fn permit(app: &App) -> Result<Arc<OwnedSemaphorePermit>, Problem> {
    let permit = Arc::clone(&app.permits).try_acquire_owned();
    permit.map(Arc::new).map_err(|_| full(app))
}

/// A slot for a request whose body must be read before its caller is known. These slots are separate, so that
/// unauthenticated requests take none from authenticated ones.
pub(super) fn unverified_slot(app: &App, peer: Option<IpAddr>) -> Result<Ticket, Problem> {
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    app.unverified.take(peer).map_err(|_| full(app))
}

/// 503 at once.
pub(super) fn full(app: &App) -> Problem {
    app.metrics.shed();
    Problem::unavailable(FULL_RETRY_AFTER)
}

/// Stops waiting for a request that takes too long. Work that has begun continues.
pub(super) async fn within_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(app.limits.request_time, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::unavailable(FULL_RETRY_AFTER).into_response())
}
