//! Lifecycle event hooks of Strivacity, by scripts that we generate: Strivacity calls nothing itself, so that this contract is our
//! own. `POST /password` asks for the verdict on a password, and Landfall creates the account; `POST /identify` creates the account
//! of a customer whom Strivacity does not know, without a password.

use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::{BridgeRequest, address};
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "strivacity",
    product: "Strivacity",
    about: "hooks ask before a password is checked and for customers who are not known; Landfall creates the accounts",
    topology: Topology::Write,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    // later logins are answered by the target
    repeat: Duration::ZERO,
    rules: None,
    needs: &[],
    takes: &[],
    docs: include_str!("strivacity.md"),
    scripts: &[
        Script { name: "pre-password", text: include_str!("strivacity/pre-password.js") },
        Script { name: "unidentified-user", text: include_str!("strivacity/unidentified-user.js") },
    ],
    open: |_: &OpenContext<'_>| Ok(Box::new(Strivacity)),
};

struct Strivacity;

/// The body of `/password`.
#[derive(Deserialize)]
struct Presented {
    identifier: String,
    password: SecretText,
    ip: Option<String>,
}

/// The body of `/identify`.
#[derive(Deserialize)]
struct Named {
    identifier: String,
    ip: Option<String>,
}

impl Dialect for Strivacity {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !matches!(request.path, "/password" | "/identify") {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        request.only_post()?;
        let (question, ip) = if request.path == "/password" {
            let Presented { identifier, password, ip } = object(request.body).ok_or_else(malformed)?;
            (Question::login(identifier, password.into_bytes()), ip)
        } else {
            let Named { identifier, ip } = object(request.body).ok_or_else(malformed)?;
            (Question::new(Ask::Provision, identifier), ip)
        };
        Ok(Question { network: ip.as_deref().and_then(address), ..question })
    }

    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(accepted) => said(&json!({
                "outcome": "accepted", "account": accepted.account, "mustChangePassword": accepted.must_change_password,
            })),
            BridgeOutcome::Provisioned { account: Some(account) } => {
                said(&json!({ "outcome": "known", "account": account }))
            }
            BridgeOutcome::Provisioned { account: None } => said(&json!({ "outcome": "unknown" })),
            BridgeOutcome::Unavailable { retry_after } => {
                Reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "outcome": "unavailable" }))
                    .retry_after(*retry_after)
            }
            _ => said(&json!({ "outcome": "refused" })),
        }
    }
}

fn said(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
}
