//! The password import inline hook of Okta: `POST` with the user name and the password, for users who were created with
//! `credentials.password.hook`. Okta stores the password itself.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{Object, malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "okta",
    product: "Okta",
    about: "the password import inline hook asks for the verdict on a password; the users were created before",
    topology: Topology::VerifyOnly,
    authentication: Authentication::Callers,
    deadline: Duration::from_millis(2700),
    repeat: Duration::from_secs(10 * 60),
    rules: None,
    needs: &[],
    takes: &[],
    docs: include_str!("okta.md"),
    scripts: &[],
    open: |_: &OpenContext<'_>| Ok(Box::new(Okta)),
};

/// The type of the event of this hook.
const EVENT: &str = "com.okta.user.credential.password.import";

struct Okta;

/// The body of a call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_id: Option<String>,
    event_type: Option<String>,
    data: Object<Data>,
}

#[derive(Deserialize)]
struct Data {
    context: Object<Context>,
}

#[derive(Deserialize)]
struct Context {
    request: Option<Object<Origin>>,
    credential: Object<Presented>,
}

/// The request of the customer to Okta.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Origin {
    ip_address: Option<String>,
}

#[derive(Deserialize)]
struct Presented {
    username: String,
    password: SecretText,
}

impl Dialect for Okta {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !matches!(request.path, "" | "/") {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        request.only_post()?;
        let event: Event = object(request.body).ok_or_else(malformed)?;
        // another hook of the organization has this address
        if event.event_type.is_some_and(|kind| kind != EVENT) {
            return Err(malformed());
        }
        let Context { request, credential } = event.data.0.context.0;
        let address = request.and_then(|origin| origin.0.ip_address);
        let network = address.and_then(|address| address.parse::<IpAddr>().ok());
        let Presented { username, password } = credential.0;
        Ok(Question { network, correlation: event.event_id, ..Question::login(username, password.into_bytes()) })
    }

    /// Okta asks once more after 5xx, and at the next login in any case; 4xx ends the login without a verdict.
    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(_) => verdict("VERIFIED"),
            BridgeOutcome::Unavailable { .. } => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            _ => verdict("UNVERIFIED"),
        }
    }
}

fn verdict(credential: &str) -> Reply {
    let command = json!({ "type": "com.okta.action.update", "value": { "credential": credential } });
    Reply::json(StatusCode::OK, &json!({ "commands": [command] }))
}
