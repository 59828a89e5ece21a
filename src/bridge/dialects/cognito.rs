//! The user-migration trigger of Amazon Cognito. Cognito invokes a Lambda function, which forwards the event to the bridge
//! itself; the Lambda Invoke API is answered below it, for what calls functions by HTTP, such as cognito-local.

use std::time::Duration;

use axum::http::header::HeaderName;
use axum::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroize as _;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{Accepted, Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "cognito",
    product: "Amazon Cognito",
    about: "a Lambda function forwards the user-migration trigger, at a sign-in and for a forgotten password",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Callers,
    deadline: Duration::from_millis(4500),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("cognito.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("cognito.md"),
    scripts: &[Script { name: "user-migration", text: include_str!("cognito/user_migration.mjs") }],
    open: |_: &OpenContext<'_>| Ok(Box::new(Cognito)),
};

/// What a function error says. Cognito shows the message to the client.
struct Failure {
    status: StatusCode,
    kind: &'static str,
    message: &'static str,
}

const REFUSED: Failure = Failure {
    status: StatusCode::FORBIDDEN,
    kind: "NotAuthorizedException",
    message: "Incorrect username or password.",
};

const UNAVAILABLE: Failure = Failure {
    status: StatusCode::SERVICE_UNAVAILABLE,
    kind: "ServiceUnavailable",
    message: "Sign-in is temporarily unavailable. Try again later.",
};

struct Cognito;

/// The part of the event that is read. The rest is only repeated.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    trigger_source: String,
    user_name: String,
    request: Asked,
    #[serde(default)]
    response: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    password: Option<SecretText>,
}

/// How the event arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The function forwards it.
    Forwarded,
    /// By the Lambda Invoke API.
    Invoked,
}

impl Way {
    fn of(request: &BridgeRequest<'_>) -> Option<Self> {
        if request.path.is_empty() {
            return Some(Self::Forwarded);
        }
        let function = request.path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
        (!function.is_empty() && !function.contains('/')).then_some(Self::Invoked)
    }
}

impl Dialect for Cognito {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        let way = Way::of(request).ok_or_else(|| Reply::empty(StatusCode::NOT_FOUND))?;
        request.only_post()?;
        // an invocation that nobody waits for would hand a customer over to nobody
        if request.headers.contains_key(INVOCATION_TYPE) && request.header(INVOCATION_TYPE) != Some("RequestResponse") {
            return Err(malformed());
        }
        let event: Event = object(request.body).ok_or_else(malformed)?;
        let (name, password, response) = (event.user_name, event.request.password, event.response);
        let mut question = match (event.trigger_source.as_str(), password) {
            ("UserMigration_Authentication", Some(password)) => Question::login(name, password.into_bytes()),
            ("UserMigration_ForgotPassword", None) => Question::new(Ask::Profile, name),
            _ => return Err(malformed()),
        };
        let mut event = repeated(request.body).ok_or_else(malformed)?;
        event.insert("response".to_owned(), Value::Object(response.unwrap_or_default()));
        question.echo = json!({ "invoked": way == Way::Invoked, "event": event });
        Ok(question)
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        let is_invoked = question.echo.get("invoked") == Some(&Value::Bool(true));
        match outcome {
            BridgeOutcome::Accepted(accepted) => Reply::json(StatusCode::OK, &answered(question, accepted)),
            BridgeOutcome::Unavailable { .. } => failed(&UNAVAILABLE, is_invoked),
            _ => failed(&REFUSED, is_invoked),
        }
    }
}

const INVOCATION_TYPE: &str = "x-amz-invocation-type";

/// The event as it is repeated, without the password.
fn repeated(body: &[u8]) -> Option<Map<String, Value>> {
    let mut event: Map<String, Value> = object(body)?;
    if let Some(Value::String(mut password)) = event.get_mut("request")?.as_object_mut()?.remove("password") {
        password.zeroize();
    }
    Some(event)
}

/// The event with the profile as its response.
fn answered(question: &Question, accepted: &Accepted) -> Value {
    let mut event = question.echo.get("event").cloned().unwrap_or_default();
    if let Some(response) = event.get_mut("response").and_then(Value::as_object_mut) {
        response.extend(accepted.profile.clone());
        if question.ask == Ask::Profile {
            // INVARIANT: nobody has proved a password, so that the user is not confirmed by it
            response.insert("finalUserStatus".to_owned(), "RESET_REQUIRED".into());
        }
    }
    event
}

/// A function error. The Invoke API answers it with 200 and says so in a header.
fn failed(failure: &Failure, is_invoked: bool) -> Reply {
    let body = json!({ "errorMessage": failure.message, "errorType": failure.kind });
    if !is_invoked {
        return Reply::json(failure.status, &body);
    }
    let function_error = HeaderName::from_static("x-amz-function-error");
    Reply::json(StatusCode::OK, &body).with(function_error, HeaderValue::from_static("Unhandled"))
}
