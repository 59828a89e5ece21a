//! The password-migration hook of Ory Kratos (from 1.3) and Ory Network: `POST` with `{"identifier": …, "password": …}` for
//! identities that were imported with `use_password_migration_hook`. Kratos stores the password itself.

use std::time::Duration;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "kratos",
    product: "Ory Kratos",
    about: "the password-migration hook asks for the verdict on a password; the identities were imported before",
    topology: Topology::VerifyOnly,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: None,
    needs: &[],
    takes: &[],
    docs: include_str!("kratos.md"),
    scripts: &[],
    open: |_: &OpenContext<'_>| Ok(Box::new(Kratos)),
};

struct Kratos;

/// The body of a call.
#[derive(Deserialize)]
struct Presented {
    identifier: String,
    password: SecretText,
}

impl Dialect for Kratos {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !matches!(request.path, "" | "/") {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        request.only_post()?;
        let Presented { identifier, password } = object(request.body).ok_or_else(malformed)?;
        // a new one for each attempt of one login
        let correlation = request.header("ory-webhook-request-id").map(str::to_owned);
        Ok(Question { correlation, ..Question::login(identifier, password.into_bytes()) })
    }

    /// Only 403 is a wrong password for Kratos, and only this one body a right one. It tells the customer of every other
    /// status that a service does not answer.
    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(_) => Reply::json(StatusCode::OK, &json!({ "status": "password_match" })),
            BridgeOutcome::Unavailable { .. } => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            _ => Reply::empty(StatusCode::FORBIDDEN),
        }
    }
}
