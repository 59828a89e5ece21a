//! The user-migration plugin of Keycloak (<https://github.com/daniel-frak/keycloak-user-migration>, 6.x): `GET
//! /{identifier}` for the profile, and `POST /{user name}` with `{"password": …}` for the verdict.

use std::time::Duration;

use axum::http::header::{ALLOW, HeaderValue};
use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{Accepted, Ask, BridgeOutcome, Question};
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
    // the plugin waits without a limit, and customers do not
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: Some("keycloak.yaml"),
    needs: &[],
    takes: &[],
    docs: include_str!("keycloak.md"),
    scripts: &[],
    open,
};

/// Opens it; the extension of Phase Two makes the same calls.
pub(super) fn open(_: &OpenContext<'_>) -> Result<Box<dyn Dialect>, String> {
    Ok(Box::new(UserMigration))
}

struct UserMigration;

/// The body of a POST.
#[derive(Deserialize)]
struct Presented {
    password: SecretText,
}

impl Dialect for UserMigration {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        let identifier = identifier(request).ok_or_else(malformed)?;
        match *request.method {
            Method::GET => Ok(Question::new(Ask::Profile, identifier)),
            Method::POST => {
                let presented: Presented = object(request.body).ok_or_else(malformed)?;
                Ok(Question::login(identifier, presented.password.into_bytes()))
            }
            _ => {
                let allowed = HeaderValue::from_static("GET, POST");
                Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, allowed))
            }
        }
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        match (question.ask, outcome) {
            (Ask::Profile, BridgeOutcome::Accepted(accepted)) if is_named(accepted, &question.identifier) => {
                Reply::json(StatusCode::OK, &Value::Object(accepted.profile.clone()))
            }
            (_, BridgeOutcome::Unavailable { .. }) => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            (Ask::Profile, _) => Reply::empty(StatusCode::NOT_FOUND),
            (_, BridgeOutcome::Accepted(_)) => Reply::empty(StatusCode::OK),
            _ => Reply::empty(StatusCode::UNAUTHORIZED),
        }
    }

    fn asks_twice(&self) -> bool {
        true
    }
}

/// The identifier in the path. The plugin encodes it as forms are encoded: a plus sign is a blank, and `%2B` a plus sign.
fn identifier(request: &BridgeRequest<'_>) -> Option<String> {
    let path = request.path.replace('+', "%20");
    BridgeRequest { path: &path, ..*request }.only_segment()
}

/// Whether a user is the one who was asked for: by user name or by mail address, in any case. The plugin makes the same
/// comparison; a customer who typed another login, such as a second address, is nobody to Keycloak.
fn is_named(accepted: &Accepted, identifier: &str) -> bool {
    let names = ["username", "email"].into_iter().filter_map(|name| accepted.profile.get(name)?.as_str());
    let wanted = identifier.to_uppercase();
    names.into_iter().any(|name| name.to_uppercase() == wanted)
}
