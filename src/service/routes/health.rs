//! `/health/live` and `/health/ready`, for monitoring. They need no credentials.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::app::App;
use crate::service::problem::{Problem, ProblemBody};
use crate::service::ready::Ready;

/// How long a client should wait before it asks again.
const READY_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The service is healthy.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Liveness
///
/// The process is running. If there is no response, it should be restarted.
#[utoipa::path(get, path = "/health/live", tag = "operation", security(()), responses(
    (status = 200, description = "The process is running.", body = Health),
))]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Readiness
///
/// The ledger and the target respond, and the service is not stopping.
#[utoipa::path(get, path = "/health/ready", tag = "operation", security(()), responses(
    (status = 200, description = "The service can serve requests.", body = Health),
    (status = 503, description = "The service cannot serve requests at the moment.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    match app.ready.now().await {
        Ready::Yes => Ok(Json(Health { status: "ok" })),
        Ready::PortsUnavailable | Ready::Stopping => Err(Problem::unavailable(READY_RETRY_AFTER)),
    }
}
