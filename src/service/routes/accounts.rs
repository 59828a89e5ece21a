//! `GET /v1/accounts/{id}` and `POST /v1/accounts/{id}/password`: for callers that manage accounts.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::login::DEFAULT_RETRY_AFTER;
use crate::bridge::SecretText;
use crate::ports::{PasswordChange, PortError, PortErrorKind, StoredAccount, TargetId};
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::mistake::{Member, Members, Mistake};
use crate::service::problem::{Problem, ProblemBody};
use crate::service::request::RequestInfo;

/// The longest account id, in bytes. Stops long paths from reaching the target; ids are UUIDs or numbers.
const MAX_ID: usize = 256;

/// An account, without its password hash.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountAnswer {
    /// The id at the target.
    id: String,
    /// `active`, `pending` (no password yet) or `disabled`.
    state: &'static str,
    /// The claims of the target schema.
    #[schema(value_type = Object)]
    claims: Box<RawValue>,
    /// When it was created, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: String,
    /// When it was last changed, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    changed_at: String,
    /// Whether the customer must choose a new password at the next sign-in.
    password_change_required: bool,
    /// The source it was migrated from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordRequest {
    /// The new password: 1 to 1024 bytes in UTF-8, without NUL.
    #[schema(value_type = String, format = Password)]
    password: SecretText,
}

impl Members for PasswordRequest {
    const MEMBERS: &'static [Member] = &[Member::text("password")];
}

/// Read an account
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = String, Path, description = "The id of the account.")), responses(
    (status = 200, description = "The account.", body = AccountAnswer),
    (status = 401, description = "The caller is not authenticated.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "The account does not exist.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Temporarily unavailable.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn account(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let (operations, id, request_id) = (app.operations.clone(), account_id(id)?, info.id.clone());
    let found = app.to_completion(&info, async move { operations.account(&request_id, &id).await }).await?;
    let found = found.map_err(|error| failed(&info, &error))?.ok_or(Problem::NOT_FOUND)?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer(found)?)).into_response())
}

/// Set a password
///
/// A pending account becomes active.
#[utoipa::path(post, path = "/v1/accounts/{id}/password", tag = "accounts", params(("id" = String, Path, description = "The id of the account.")), request_body = PasswordRequest, responses(
    (status = 204, description = "The password is set."),
    (status = 400, description = "The body is malformed.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The caller is not authenticated.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, description = "The account does not exist.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "The password policy of the target refuses the password.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 501, description = "The target cannot do this.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Temporarily unavailable.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn set_password(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    id: Result<Path<String>, PathRejection>,
    JsonBody(body): JsonBody<PasswordRequest>,
) -> Result<StatusCode, Problem> {
    let (operations, id) = (app.operations.clone(), account_id(id)?);
    let password = body.password.into_new_password().ok_or(Problem::malformed(Mistake::NEW_PASSWORD))?;
    let request_id = info.id.clone();
    let set =
        app.to_completion(&info, async move { operations.set_password(&request_id, &id, password).await }).await?;
    set.map_err(|error| failed(&info, &error))?.ok_or(Problem::NOT_FOUND)?;
    Ok(StatusCode::NO_CONTENT)
}

/// An id that is not valid belongs to no account.
fn account_id(path: Result<Path<String>, PathRejection>) -> Result<TargetId, Problem> {
    let Path(id) = path.map_err(|_| Problem::NOT_FOUND)?;
    let fits = (1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control);
    if fits { Ok(TargetId(id)) } else { Err(Problem::NOT_FOUND) }
}

fn answer(account: StoredAccount) -> Result<AccountAnswer, Problem> {
    Ok(AccountAnswer {
        id: account.id.0,
        state: account.state.name(),
        // The stored text, digit for digit.
        claims: RawValue::from_string(account.claims).map_err(|_| Problem::INTERNAL)?,
        created_at: account.created_at.to_string(),
        changed_at: account.changed_at.to_string(),
        password_change_required: account.change == PasswordChange::Required,
        source: account.legacy.map(|legacy| legacy.source),
    })
}

fn failed(info: &RequestInfo, error: &PortError) -> Problem {
    let (adapter, operation, kind, detail) = (error.adapter(), error.operation(), error.kind().name(), error.detail());
    tracing::warn!(request_id = %info.id, adapter, operation, kind, detail, "a port failed");
    match error.kind() {
        PortErrorKind::PasswordRefused => Problem::PASSWORD_REFUSED,
        PortErrorKind::Unsupported => Problem::UNSUPPORTED,
        _ if error.is_temporary() => Problem::unavailable(DEFAULT_RETRY_AFTER),
        // an outage, as at a login
        PortErrorKind::Denied | PortErrorKind::Misconfigured | PortErrorKind::BadResponse => {
            Problem::unavailable(DEFAULT_RETRY_AFTER)
        }
        _ => Problem::INTERNAL,
    }
}
