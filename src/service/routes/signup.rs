//! `POST /v1/signup-check`: whether an identifier is free for a new customer.

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::migrate::SignupAnswer;
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::mistake::{Member, Members};
use crate::service::problem::{Problem, ProblemBody};
use crate::service::request::RequestInfo;

/// The identifier that a new customer wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignupRequest {
    /// The identifier that the new customer typed.
    identifier: String,
}

impl Members for SignupRequest {
    const MEMBERS: &'static [Member] = &[Member::text("identifier")];
}

/// Whether the identifier is available.
#[derive(Serialize, ToSchema)]
pub(super) struct SignupResponse {
    /// Whether no customer has it, neither at the target nor in the legacy system.
    available: bool,
}

/// Check before a sign-up
///
/// Prevents a new customer from taking the identifier of one who has not migrated yet. If this cannot be checked, the
/// answer is 503 and the sign-up must wait.
#[utoipa::path(post, path = "/v1/signup-check", tag = "customers", request_body = SignupRequest, responses(
    (status = 200, description = "Whether the identifier is available.", body = SignupResponse),
    (status = 400, description = "The body is malformed.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The caller is not authenticated.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Temporarily unavailable.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn signup_check(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    JsonBody(body): JsonBody<SignupRequest>,
) -> Result<Response, Problem> {
    let (operations, request) = (app.operations.clone(), info.clone());
    let work = async move { operations.signup_check(&request.id, &body.identifier, request.network).await };
    let available = match app.to_completion(&info, work).await? {
        SignupAnswer::Free => true,
        SignupAnswer::Reserved => false,
        SignupAnswer::Unknown(after) => return Err(Problem::unavailable(after)),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(SignupResponse { available })).into_response())
}
