//! `POST /v1/password-reset`: the same answer whoever asks for whom.

use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::migrate::ResetAnswer;
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::problem::{Problem, ProblemBody};
use crate::service::request::RequestInfo;

/// Somebody who forgot a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetRequest {
    /// What the customer typed.
    identifier: String,
}

/// The one answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ResetResponse {
    /// Always `accepted`.
    status: &'static str,
}

/// Forgot password
///
/// If there is such a customer, an event asks for a notice to the address of the stored account. The answer is the same
/// when there is none. What was accepted is in the ledger; what cannot be told or recorded now is not accepted.
#[utoipa::path(post, path = "/v1/password-reset", tag = "customers", request_body = ResetRequest, responses(
    (status = 202, description = "Taken note of.", body = ResetResponse),
    (status = 400, description = "The body is not what is expected.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The caller is not admitted.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is no JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "It cannot be done or recorded now.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn password_reset(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    JsonBody(body): JsonBody<ResetRequest>,
) -> Result<Response, Problem> {
    let (operations, asked) = (app.operations.clone(), info.clone());
    let work = async move { operations.forgot_password(&asked.id, &body.identifier, asked.network).await };
    if let ResetAnswer::Unavailable(retry_after) = app.to_the_end(&info, work).await? {
        return Err(Problem::unavailable(retry_after));
    }
    let answer = Json(ResetResponse { status: "accepted" });
    Ok((StatusCode::ACCEPTED, [(CACHE_CONTROL, "no-store")], answer).into_response())
}
