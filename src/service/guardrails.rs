//! Bounds around every request: how many at a time, and how long each.

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

/// When to come back after the service was full.
const FULL: Duration = Duration::from_secs(1);

/// Into how many shares the places of unverified requests are cut; one host has one. Stops one host from taking them all.
pub(super) const SHARES: usize = 4;

/// A place for a request whose caller is known, or that there is none.
pub(super) fn place(app: &App) -> Result<Arc<OwnedSemaphorePermit>, Problem> {
    let place = Arc::clone(&app.places).try_acquire_owned();
    place.map(Arc::new).map_err(|_| full(app))
}

/// A place for a request whose body must be read before its caller is known. These are other places: whoever is unknown takes
/// none from those who are known.
pub(super) fn unverified_place(app: &App, peer: Option<IpAddr>) -> Result<Ticket, Problem> {
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    app.unverified.enter(peer).map_err(|_| full(app))
}

fn full(app: &App) -> Problem {
    app.metrics.shed();
    Problem::unavailable(FULL)
}

/// Ends the wait for a request that takes too long. Work that was begun goes on.
pub(super) async fn within_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(app.limits.request_time, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::unavailable(FULL).into_response())
}
