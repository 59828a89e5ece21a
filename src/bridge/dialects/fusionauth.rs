//! The generic connector of FusionAuth (1.18 and later): `POST` with the shape of its login API, answered by the user whom it
//! creates. It accepts 200 and 404, and takes every other status as 404.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::object;
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::{BridgeRequest, address};
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "fusionauth",
    product: "FusionAuth",
    about: "a generic connector asks with the password, and creates the user from the reply",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("fusionauth.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("fusionauth.md"),
    scripts: &[],
    open: |_: &OpenContext<'_>| Ok(Box::new(FusionAuth)),
};

/// The application that asks, for the rules.
const APPLICATION: &str = "application_id";

struct FusionAuth;

/// The body of the login API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    login_id: String,
    password: SecretText,
    application_id: Option<String>,
    event_info: Option<EventInfo>,
}

/// What FusionAuth knows about the browser.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventInfo {
    ip_address: Option<String>,
}

impl Dialect for FusionAuth {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if *request.method != Method::POST || !matches!(request.path, "" | "/") {
            return Err(refusal());
        }
        let login: Login = object(request.body).ok_or_else(refusal)?;
        let mut question = Question::login(login.login_id, login.password.into_bytes());
        question.network = login.event_info.and_then(|info| info.ip_address).as_deref().and_then(address);
        if let Some(application) = login.application_id {
            let application = Uuid::try_parse(&application).map_err(|_| refusal())?;
            question.facts.insert(APPLICATION.to_owned(), application.to_string().into());
        }
        Ok(question)
    }

    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(accepted) => {
                Reply::json(StatusCode::OK, &json!({ "user": Value::Object(accepted.profile.clone()) }))
            }
            _ => refusal(),
        }
    }
}

/// FusionAuth tells no failure from another.
fn refusal() -> Reply {
    Reply::empty(StatusCode::NOT_FOUND)
}
