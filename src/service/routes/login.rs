//! `POST /v1/login`: who may come in, and nothing about who may not.

use std::time::Duration;

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::migrate::{Answer, Challenge, Login, Outcome, PasswordChange};
use crate::service::app::App;
use crate::service::body::JsonBody;
use crate::service::problem::{Problem, ProblemBody, ProblemName};
use crate::service::request::RequestInfo;
use crate::service::secret::SecretText;

/// When to come back after a temporary failure that does not say.
pub(super) const COME_BACK: Duration = Duration::from_secs(5);

/// A customer at the operation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginRequest {
    /// What the customer typed: a user name, a mail address, a phone number.
    identifier: String,
    /// What the customer typed as the password, untouched.
    #[schema(value_type = String, format = Password)]
    password: SecretText,
    /// Whether the customer passed a challenge, such as a CAPTCHA or a code sent by mail: the attempt counts in a bucket of its
    /// own then, which guesses of strangers do not fill.
    #[serde(default)]
    challenge_passed: bool,
}

/// The customer is in.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginAnswer {
    outcome: Entered,
    /// The id of the account at the target.
    account_id: String,
    /// Whether a new password must be chosen before anything else.
    password_change_required: bool,
}

/// How the customer came in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Entered {
    /// The target knew the account.
    Authenticated,
    /// The account was migrated now.
    Migrated,
}

/// Sign in
///
/// Verifies a customer's password, and migrates the account at the first login. Every refusal has the same bytes, whatever
/// its reason.
#[utoipa::path(post, path = "/v1/login", tag = "customers", request_body = LoginRequest, responses(
    (status = 200, description = "The customer is in.", body = LoginAnswer),
    (status = 400, description = "The body is not what is expected.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "The customer cannot be signed in, or the caller is not admitted: the type tells.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "The body is too large.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 415, description = "The body is no JSON.", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Nobody can tell now. This is no refusal.", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(super) async fn login(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    JsonBody(body): JsonBody<LoginRequest>,
) -> Result<Response, Problem> {
    let operations = app.operations.clone();
    let login = Login {
        request_id: info.id.to_string(),
        identifier: body.identifier,
        password: body.password.into_bytes(),
        network: info.network,
        challenge: if body.challenge_passed { Challenge::Passed } else { Challenge::None },
    };
    let answer = app.to_the_end(&info, async move { operations.login(login).await }).await?;
    let said = ProblemName(answer.outcome.name());
    let mut response = respond(answer).unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(said);
    Ok(response)
}

/// INVARIANT: refusals differ in nothing; the list is closed, so that a new outcome must be placed here.
fn respond(answer: Answer) -> Result<Response, Problem> {
    let outcome = match answer.outcome {
        Outcome::Authenticated => Entered::Authenticated,
        Outcome::Migrated | Outcome::MigratedMustChangePassword => Entered::Migrated,
        Outcome::Refused(_)
        | Outcome::Conflict
        | Outcome::InvalidRecord
        | Outcome::UnreadableRecord
        | Outcome::DeniedByRule(_) => {
            return Err(Problem::REFUSED);
        }
        Outcome::LegacyUnavailable | Outcome::TargetUnavailable | Outcome::Overloaded => {
            return Err(Problem::unavailable(answer.retry_after.unwrap_or(COME_BACK)));
        }
    };
    let must_change =
        answer.change == PasswordChange::Required || answer.outcome == Outcome::MigratedMustChangePassword;
    let account = answer.account.ok_or(Problem::INTERNAL)?;
    let body = LoginAnswer { outcome, account_id: account.0, password_change_required: must_change };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
