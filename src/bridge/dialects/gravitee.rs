//! The HTTP identity provider of Gravitee Access Management: `POST {"username": …, "password": …}` at every login, answered by claims
//! with `sub`; and `GET /users?username=…` for users who are signed in already. A status counts only through the error
//! conditions in its settings, so that whatever is not 200 has no body: nothing in it can be taken for a user.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::object;
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "gravitee",
    product: "Gravitee Access Management",
    about: "the HTTP identity provider asks at every login, and keeps the claims in the reply",
    topology: Topology::Write,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    // later logins are answered by the target
    repeat: Duration::ZERO,
    rules: Some("gravitee.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("gravitee.md"),
    scripts: &[],
    open: |_: &OpenContext<'_>| Ok(Box::new(Gravitee)),
};

struct Gravitee;

/// The default body of the authentication resource.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: SecretText,
}

impl Dialect for Gravitee {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        match (request.path, request.method) {
            ("" | "/", &Method::POST) => {
                let typed: Credentials = object(request.body).ok_or_else(malformed)?;
                Ok(Question::login(typed.username, typed.password.into_bytes()))
            }
            ("/users", &Method::GET) => {
                let username = username(request.query.unwrap_or_default()).ok_or_else(malformed)?;
                Ok(Question::new(Ask::Profile, username))
            }
            ("" | "/" | "/users", _) => Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED)),
            _ => Err(Reply::empty(StatusCode::NOT_FOUND)),
        }
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        match (question.ask, outcome) {
            // without `sub` it would be an error at Gravitee, and not a refusal
            (_, BridgeOutcome::Accepted(accepted)) => {
                Reply::json(StatusCode::OK, &Value::Object(accepted.profile.clone()))
            }
            (_, BridgeOutcome::Unavailable { retry_after }) => {
                Reply::empty(StatusCode::SERVICE_UNAVAILABLE).retry_after(*retry_after)
            }
            (Ask::Profile, _) => Reply::empty(StatusCode::NOT_FOUND),
            _ => Reply::empty(StatusCode::UNAUTHORIZED),
        }
    }
}

/// The only parameter of this name.
fn username(query: &str) -> Option<String> {
    let mut values = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "username");
    match (values.next(), values.next()) {
        (Some((_, username)), None) => Some(username.into_owned()),
        _ => None,
    }
}

fn malformed() -> Reply {
    Reply::empty(StatusCode::BAD_REQUEST)
}
