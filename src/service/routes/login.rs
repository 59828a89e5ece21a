//! `POST /v1/login`: signs a customer in, and reveals nothing when it refuses.

use std::time::Duration;

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bridge::SecretText;
use crate::migrate::{Answer, Challenge, Login, Outcome};
use crate::ports::PasswordChange;
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::mistake::{Member, Members};
use crate::service::operations::Operations;
use crate::service::problem::{Problem, ProblemBody, ProblemName};
use crate::service::request::RequestInfo;

/// How long a caller should wait after a temporary failure without a time of its own.
pub(in crate::service) const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A customer who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginRequest {
    /// What the customer typed: a user name, an email address or a phone number.
    identifier: String,
    /// The password as the customer typed it.
    #[schema(value_type = String, format = Password)]
    password: SecretText,
    /// Whether the customer passed a challenge, such as a CAPTCHA or a code sent by email. The attempt then counts in a
    /// separate counter, which the guesses of others do not fill.
    #[serde(default)]
    challenge_passed: bool,
    /// The tenant that the customer signs in at, if the settings have `tenants`.
    #[serde(default)]
    tenant: Option<String>,
}

impl Members for LoginRequest {
    const MEMBERS: &'static [Member] = &[
        Member::text("identifier"),
        Member::text("password"),
        Member::optional_flag("challenge_passed"),
        Member::optional_text("tenant"),
    ];
}

/// The customer is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginAnswer {
    outcome: Entered,
    /// The id of the account at the target.
    account_id: String,
    /// Whether the customer must choose a new password before anything else.
    password_change_required: bool,
    /// `password_policy` if the target's policy refused the password, so that the account has none until a new one is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_change_reason: Option<&'static str>,
}

/// How the customer was signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Entered {
    /// The account was already at the target.
    Authenticated,
    /// The account was migrated at this login.
    Migrated,
}

/// Sign in
///
/// Verifies a customer's password, and migrates the account at the first login. All refusals have the same bytes,
/// whatever the reason.
#[utoipa::path(post, path = "/v1/login", tag = "customers", request_body = LoginRequest, responses(
    (status = 200, description = "The customer is signed in.", body = LoginAnswer),
    (status = 400, description = "The body is malformed, or the tenant is unknown.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The customer cannot be signed in, or the caller is not authenticated; see the `type`.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is not JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Temporarily unavailable. This is not a refusal.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn login(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    JsonBody(body): JsonBody<LoginRequest>,
) -> Result<Response, Problem> {
    let operations = app.operations.clone();
    check_tenant(&*operations, body.tenant.as_deref())?;
    let login = Login {
        request_id: info.id.to_string(),
        identifier: body.identifier,
        password: body.password.into_bytes(),
        network: info.network,
        challenge: if body.challenge_passed { Challenge::Passed } else { Challenge::None },
        tenant: body.tenant,
    };
    let answer = app.to_completion(&info, async move { operations.login(login).await }).await?;
    let name = ProblemName(answer.outcome.name());
    let mut response = respond(answer).unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(name);
    Ok(response)
}

/// A tenant that no legacy system serves is a mistake of the caller, and never a wrong password.
pub(super) fn check_tenant(operations: &dyn Operations, tenant: Option<&str>) -> Result<(), Problem> {
    if tenant.is_none_or(|tenant| operations.serves_tenant(tenant)) { Ok(()) } else { Err(Problem::TENANT) }
}

/// INVARIANT: refusals are identical; the match has no wildcard, so that a new outcome must be placed here.
fn respond(answer: Answer) -> Result<Response, Problem> {
    let outcome = match answer.outcome {
        Outcome::Authenticated => Entered::Authenticated,
        Outcome::Migrated | Outcome::MigratedMustChangePassword | Outcome::MigratedWithoutPassword => Entered::Migrated,
        Outcome::Refused(_)
        | Outcome::Conflict
        | Outcome::InvalidRecord
        | Outcome::UnreadableRecord
        | Outcome::DeniedByRule(_) => {
            return Err(Problem::REFUSED);
        }
        Outcome::LegacyUnavailable | Outcome::TargetUnavailable | Outcome::Overloaded => {
            return Err(Problem::unavailable(answer.retry_after.unwrap_or(DEFAULT_RETRY_AFTER)));
        }
    };
    let is_without = answer.outcome == Outcome::MigratedWithoutPassword;
    let must_change =
        answer.change == PasswordChange::Required || answer.outcome == Outcome::MigratedMustChangePassword;
    let body = LoginAnswer {
        outcome,
        account_id: answer.account.ok_or(Problem::INTERNAL)?.0,
        password_change_required: must_change || is_without,
        password_change_reason: is_without.then_some("password_policy"),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
