//! The action "post first-factor verification" of Logto. It runs after every sign-in whose password Logto refused, also for
//! users whom Logto has, and its script asks with the members of the event: `POST` with `identifier`, `user` and `password`.
//! A user who exists is changed only if Landfall made the user and has not handed the customer over yet.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{Accepted, Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "logto",
    product: "Logto",
    about: "the action after the first factor asks when Logto does not accept a password",
    topology: Topology::ReturnProfile,
    authentication: Authentication::Callers,
    deadline: Duration::from_millis(4500),
    // it asks for every wrong password of everybody, so that an old one must soon be worth nothing
    repeat: Duration::from_secs(60),
    rules: Some("logto.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("logto.md"),
    scripts: &[Script { name: "action", text: include_str!("logto/action.js") }],
    open: |_: &OpenContext<'_>| Ok(Box::new(Logto)),
};

struct Logto;

/// The part of the event that is read.
#[derive(Deserialize)]
struct Event {
    identifier: Identifier,
    user: Option<User>,
    password: SecretText,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: IdentifierKind,
    value: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum IdentifierKind {
    Username,
    Email,
    Phone,
}

/// A user whom Logto has.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    custom_data: Option<Marks>,
}

/// What Landfall has written into `customData`: bulk writes the id, and a hand-over both.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Marks {
    landfall_external_id: Option<Value>,
    landfall_migrated: Option<Value>,
}

impl Identifier {
    /// Logto writes phone numbers without the plus sign.
    fn typed(&self) -> String {
        let is_number = !self.value.is_empty() && self.value.bytes().all(|byte| byte.is_ascii_digit());
        match self.kind {
            IdentifierKind::Phone if is_number => format!("+{}", self.value),
            _ => self.value.clone(),
        }
    }

    /// The member of the user that has it.
    fn member(&self) -> &'static str {
        match self.kind {
            IdentifierKind::Username => "username",
            IdentifierKind::Email => "primaryEmail",
            IdentifierKind::Phone => "primaryPhone",
        }
    }
}

impl User {
    /// Landfall's id of a user whom bulk has made and whose customer has not been handed over.
    fn made_by_us(&self) -> Option<&str> {
        let Marks { landfall_external_id, landfall_migrated } = self.custom_data.as_ref()?;
        let is_waiting = landfall_migrated.as_ref().is_none_or(Value::is_null);
        landfall_external_id.as_ref().and_then(Value::as_str).filter(|id| is_waiting && !id.is_empty())
    }
}

impl Dialect for Logto {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !request.path.is_empty() {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        if *request.method != Method::POST {
            return Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        let Event { identifier, user, password } = object(request.body).ok_or_else(malformed)?;
        let made_by_us = user.as_ref().map(User::made_by_us);
        let mut question = match made_by_us {
            // INVARIANT: the password of a user who is not waiting for it is never changed. A login without a password is
            // refused after the same time as any other, and nobody is asked.
            Some(None) => Question::new(Ask::Login, identifier.typed()),
            Some(Some(_)) | None => Question::login(identifier.typed(), password.into_bytes()),
        };
        question.echo = json!({ "member": identifier.member(), "update": made_by_us.flatten() });
        Ok(question)
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        match outcome {
            BridgeOutcome::Accepted(accepted) => verified(question, accepted).unwrap_or_else(refused),
            BridgeOutcome::Unavailable { .. } => {
                Reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "outcome": "unavailable" }))
            }
            _ => refused(),
        }
    }
}

fn refused() -> Reply {
    Reply::json(StatusCode::UNAUTHORIZED, &json!({ "outcome": "refused" }))
}

/// The result of the action; `None` if the user at Logto is not the customer's.
fn verified(question: &Question, accepted: &Accepted) -> Option<Reply> {
    let update = question.echo.get("update").and_then(Value::as_str);
    let external_id = accepted.profile.get("customData").and_then(|data| data.get("landfall_external_id"));
    if update.is_some_and(|id| external_id.and_then(Value::as_str) != Some(id)) {
        return None;
    }
    let member = question.echo.get("member").and_then(Value::as_str);
    // Logto takes what was typed, and refuses another value
    let user: Map<String, Value> =
        accepted.profile.clone().into_iter().filter(|(name, _)| Some(name.as_str()) != member).collect();
    let action = if update.is_some() { "updateUser" } else { "createUser" };
    Some(Reply::json(StatusCode::OK, &json!({ "action": action, "passwordVerified": true, "user": user })))
}
