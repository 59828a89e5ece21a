//! A custom database of Auth0 that imports users. Auth0 runs two scripts, which ask by a contract of ours: `POST` with
//! `{"operation": …, "identifier": …, "password"?: …}`, answered with `{"outcome": …, "profile"?: …}`.

use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "auth0",
    product: "Auth0",
    about: "the scripts `login` and `getUser` of a custom database that imports users",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("auth0.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("auth0.md"),
    scripts: &[
        Script { name: "login", text: include_str!("auth0/login.js") },
        Script { name: "getUser", text: include_str!("auth0/get_user.js") },
    ],
    open: |_: &OpenContext<'_>| Ok(Box::new(Auth0)),
};

struct Auth0;

/// What the scripts ask.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum Operation {
    Login,
    GetUser,
    SignUpCheck,
}

#[derive(Deserialize)]
struct Body {
    operation: Operation,
    identifier: String,
    #[serde(default)]
    password: Option<SecretText>,
}

impl Dialect for Auth0 {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !request.path.is_empty() {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        request.only_post()?;
        let Body { operation, identifier, password } = object(request.body).ok_or_else(malformed)?;
        match (operation, password) {
            (Operation::Login, Some(password)) => Ok(Question::login(identifier, password.into_bytes())),
            (Operation::GetUser, None) => Ok(Question::new(Ask::Profile, identifier)),
            (Operation::SignUpCheck, None) => Ok(Question::new(Ask::SignupCheck, identifier)),
            _ => Err(malformed()),
        }
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        let named = |status: StatusCode, name: &str| Reply::json(status, &json!({ "outcome": name }));
        match (question.ask, outcome) {
            (_, BridgeOutcome::Accepted(accepted)) => {
                let profile = Value::Object(accepted.profile.clone());
                Reply::json(StatusCode::OK, &json!({ "outcome": "accepted", "profile": profile }))
            }
            (_, BridgeOutcome::Free) => named(StatusCode::OK, "free"),
            (_, BridgeOutcome::Reserved) => named(StatusCode::OK, "reserved"),
            (_, BridgeOutcome::Unavailable { .. }) => named(StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            (Ask::Profile, _) => named(StatusCode::NOT_FOUND, "unknown"),
            _ => named(StatusCode::UNAUTHORIZED, "refused"),
        }
    }
}
