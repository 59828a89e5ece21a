//! The action "post first-factor verification" of Logto. It runs after every sign-in whose password Logto refused, also for
//! users whom Logto has, and its script asks with the members of the event: `POST` with `identifier`, `user` and `password`.
//! A user who exists is changed only if the user waits for the legacy password: because Landfall made the user, or because
//! whoever imported the user says so.

use std::time::Duration;

use axum::http::StatusCode;
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

/// What `customData` says of the migration: bulk writes the id, an import of the operator's that the user waits for a
/// password, and a hand-over that it is over.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Marks {
    landfall_external_id: Option<Value>,
    landfall_waiting: Option<Value>,
    landfall_migrated: Option<Value>,
}

/// A user who waits for the legacy password: of the customer with this id, if it is known.
struct Waiting {
    id: Option<String>,
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
    /// `None` for users whose password is never changed.
    fn waiting(&self) -> Option<Waiting> {
        let Marks { landfall_external_id, landfall_waiting, landfall_migrated } = self.custom_data.as_ref()?;
        let is_over = landfall_migrated.as_ref().is_some_and(|mark| !mark.is_null());
        let id = landfall_external_id.as_ref().and_then(Value::as_str).filter(|id| !id.is_empty());
        let is_waiting = id.is_some() || *landfall_waiting == Some(Value::Bool(true));
        (is_waiting && !is_over).then(|| Waiting { id: id.map(str::to_owned) })
    }
}

impl Dialect for Logto {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !request.path.is_empty() {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        request.only_post()?;
        let Event { identifier, user, password } = object(request.body).ok_or_else(malformed)?;
        let waiting = user.as_ref().map(User::waiting);
        let (mut question, action) = match &waiting {
            None => (Question::login(identifier.typed(), password.into_bytes()), "createUser"),
            Some(Some(_)) => (Question::login(identifier.typed(), password.into_bytes()), "updateUser"),
            // INVARIANT: the password of a user who does not wait for it is never changed. A login without a password is
            // refused after the same time as any other, and nobody is asked.
            Some(None) => (Question::new(Ask::Login, identifier.typed()), ""),
        };
        let id = waiting.flatten().and_then(|waiting| waiting.id);
        question.customer.clone_from(&id);
        question.echo = json!({ "action": action, "id": id, "member": identifier.member() });
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
    let echoed = |name: &str| question.echo.get(name).and_then(Value::as_str);
    let external_id = accepted.profile.get("customData").and_then(|data| data.get("landfall_external_id"));
    let is_same = echoed("id").is_none_or(|id| external_id.and_then(Value::as_str) == Some(id));
    let action = echoed("action").filter(|action| is_same && !action.is_empty())?;
    let member = echoed("member");
    // Logto takes what was typed, and refuses another value
    let user: Map<String, Value> =
        accepted.profile.clone().into_iter().filter(|(name, _)| Some(name.as_str()) != member).collect();
    Some(Reply::json(StatusCode::OK, &json!({ "action": action, "passwordVerified": true, "user": user })))
}
