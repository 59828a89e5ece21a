//! `POST /v1/password-reset`: gives the same answer for every identifier.

use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::login::check_tenant;
use crate::migrate::ResetAnswer;
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::mistake::{Member, Members};
use crate::service::problem::{Problem, ProblemBody};
use crate::service::request::RequestInfo;

/// A customer who forgot a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetRequest {
    /// What the customer typed.
    identifier: String,
    /// The tenant of the customer, if the settings have `tenants`.
    #[serde(default)]
    tenant: Option<String>,
}

impl Members for ResetRequest {
    const MEMBERS: &'static [Member] = &[Member::text("identifier"), Member::optional_text("tenant")];
}

/// The only answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ResetResponse {
    /// Always `accepted`.
    status: &'static str,
}

/// Forgot password
///
/// If the customer exists, an event requests a notice to the address of the stored account. The answer is the same if
/// the customer does not exist. An accepted request is recorded in the ledger; a request that cannot be recorded is not
/// accepted.
#[utoipa::path(post, path = "/v1/password-reset", tag = "customers", request_body = ResetRequest, responses(
    (status = 202, description = "Accepted.", body = ResetResponse),
    (status = 400, description = "The body is malformed, or the tenant is unknown.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The caller is not authenticated.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Temporarily unavailable; nothing was accepted.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn password_reset(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    JsonBody(body): JsonBody<ResetRequest>,
) -> Result<Response, Problem> {
    let (operations, request) = (app.operations.clone(), info.clone());
    check_tenant(&*operations, body.tenant.as_deref())?;
    let ResetRequest { identifier, tenant } = body;
    let work = async move { operations.forgot_password(&request.id, &identifier, request.network, tenant).await };
    if let ResetAnswer::Unavailable(retry_after) = app.to_completion(&info, work).await? {
        return Err(Problem::unavailable(retry_after));
    }
    let answer = Json(ResetResponse { status: "accepted" });
    Ok((StatusCode::ACCEPTED, [(CACHE_CONTROL, "no-store")], answer).into_response())
}
