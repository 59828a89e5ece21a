//! The JSON data source of the Curity Identity Server, for credentials that the backend verifies: `POST` of the user name and
//! the password as JSON or as a form. What is returned are attributes of the subject; Curity stores none of them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::form::Form;
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "curity",
    product: "Curity Identity Server",
    about: "a JSON data source asks for the verdict on a password at every login, and takes attributes",
    topology: Topology::Write,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("curity.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("curity.md"),
    scripts: &[],
    open: |_: &OpenContext<'_>| Ok(Box::new(Curity)),
};

/// The names of the parameters, which are the defaults of the data source.
const USERNAME: &str = "username";
const PASSWORD: &str = "password";

struct Curity;

/// A body in JSON.
#[derive(Deserialize)]
struct Presented {
    username: String,
    password: SecretText,
}

impl Dialect for Curity {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !matches!(request.path, "" | "/") {
            return Err(error(StatusCode::NOT_FOUND, "there is nothing at this path"));
        }
        // GET would have the password in the address, and PUT stores a new one
        if *request.method != Method::POST {
            return Err(error(StatusCode::METHOD_NOT_ALLOWED, "only POST is supported"));
        }
        let read = if request.media_type() == "application/x-www-form-urlencoded" { in_form } else { in_json };
        let (username, password) = read(request.body).ok_or_else(malformed)?;
        Ok(Question::login(username, password))
    }

    fn reply(&self, _: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            // an empty body would be a refusal
            BridgeOutcome::Accepted(accepted) => Reply::json(StatusCode::OK, &Value::Object(accepted.profile.clone())),
            BridgeOutcome::Unavailable { .. } => {
                error(StatusCode::INTERNAL_SERVER_ERROR, "temporarily unavailable; try again later")
            }
            _ => error(StatusCode::UNAUTHORIZED, "wrong user name or password"),
        }
    }
}

fn in_json(body: &[u8]) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let Presented { username, password } = object(body)?;
    Some((username, password.into_bytes()))
}

fn in_form(body: &[u8]) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let mut form = Form::read(body)?;
    Some((form.take_text(USERNAME)?, form.take(PASSWORD)?))
}

/// An error as the data source reads it: the text is for the client if Curity reports errors in detail.
fn error(status: StatusCode, text: &str) -> Reply {
    Reply::json(status, &json!({ "error": text }))
}
