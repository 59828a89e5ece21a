//! The user-migration plugin of Keycloak (<https://github.com/daniel-frak/keycloak-user-migration>, 6.x): `GET
//! /{identifier}` for the profile, and `POST /{identifier}` with `{"password": …}` for the verdict.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "keycloak",
    product: "Keycloak",
    about: "the user-migration plugin asks for a profile, and then for the verdict on a password",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("keycloak.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("keycloak.md"),
    scripts: &[],
    open: |_: &OpenContext<'_>| Ok(Box::new(Keycloak)),
};

struct Keycloak;

/// The body of a POST.
#[derive(Deserialize)]
struct Presented {
    password: SecretText,
}

impl Dialect for Keycloak {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        let identifier = request.only_segment().ok_or_else(malformed)?;
        match *request.method {
            Method::GET => Ok(Question::new(Ask::Profile, identifier)),
            Method::POST => {
                let presented: Presented = object(request.body).ok_or_else(malformed)?;
                Ok(Question::login(identifier, presented.password.into_bytes()))
            }
            _ => Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        match (question.ask, outcome) {
            (Ask::Profile, BridgeOutcome::Accepted(accepted)) => {
                Reply::json(StatusCode::OK, &Value::Object(accepted.profile.clone()))
            }
            (_, BridgeOutcome::Accepted(_)) => Reply::empty(StatusCode::OK),
            (Ask::Profile, BridgeOutcome::Refused) => Reply::empty(StatusCode::NOT_FOUND),
            (_, BridgeOutcome::Unavailable { .. }) => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            _ => Reply::empty(StatusCode::UNAUTHORIZED),
        }
    }

    fn asks_twice(&self) -> bool {
        true
    }
}
