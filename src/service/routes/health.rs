//! `/health/live` and `/health/ready`, for whatever watches the process. They need no credentials.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::app::App;
use crate::service::problem::{Problem, ProblemBody};
use crate::service::ready::Ready;

/// When to ask again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// It is well.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Alive
///
/// The process runs. When there is no answer, it should be started again.
#[utoipa::path(get, path = "/health/live", tag = "operation", security(()), responses(
    (status = 200, description = "It runs.", body = Health),
))]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Ready
///
/// The ledger and the target answer, and the service is not about to end.
#[utoipa::path(get, path = "/health/ready", tag = "operation", security(()), responses(
    (status = 200, description = "It can serve.", body = Health),
    (status = 503, description = "It cannot serve now.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn ready(State(app): State<App>) -> Result<Json<Health>, Problem> {
    match app.ready.now().await {
        Ready::Yes => Ok(Json(Health { status: "ok" })),
        Ready::PortsSilent | Ready::Stopping => Err(Problem::unavailable(ASK_AGAIN)),
    }
}
