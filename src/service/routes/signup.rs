//! `POST /v1/signup-check`: whether an identifier may be given to a new customer.

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::migrate::SignupAnswer;
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::problem::{Problem, ProblemBody};
use crate::service::request::RequestInfo;

/// An identifier that somebody wants.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignupRequest {
    /// What a new customer wants to be called.
    identifier: String,
}

/// Whether it may be given away.
#[derive(Serialize, ToSchema)]
pub(super) struct SignupResponse {
    /// Whether nobody has it, neither here nor in the legacy system.
    available: bool,
}

/// Ask before a sign-up
///
/// Keeps a new customer from taking the identifier of one who was not migrated yet. When it cannot be told, the answer is
/// 503 and the sign-up must wait.
#[utoipa::path(post, path = "/v1/signup-check", tag = "customers", request_body = SignupRequest, responses(
    (status = 200, description = "Whether it may be given away.", body = SignupResponse),
    (status = 400, description = "The body is not what is expected.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The caller is not admitted.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is no JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Nobody can tell now.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn signup_check(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    JsonBody(body): JsonBody<SignupRequest>,
) -> Result<Response, Problem> {
    let (operations, asked) = (app.operations.clone(), info.clone());
    let work = async move { operations.signup_check(&asked.id, &body.identifier, asked.network).await };
    let available = match app.to_the_end(&info, work).await? {
        SignupAnswer::Free => true,
        SignupAnswer::Reserved => false,
        SignupAnswer::Unknown(after) => return Err(Problem::unavailable(after)),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(SignupResponse { available })).into_response())
}
