//! Actions v2 of Zitadel (<https://zitadel.com/docs/concepts/features/actions_v2>), as in its sample of a migration at login:
//! the responses to `ListUsers`, `ListAuthenticationMethodTypes` and `SetPassword`, and the request of `SetSession`.
//!
//! A customer whom Zitadel does not find is created without a password. At the password, Landfall verifies it and sets it,
//! and then Zitadel checks it itself. Users with a password of their own are left to Zitadel.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::adapters::registry::ProductApi;
use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{Ask, BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;
use crate::bridge::signed::{Counts, Once, is_hmac};
use crate::ports::BoxFuture;

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "zitadel",
    product: "Zitadel",
    about: "Actions v2 ask when a user is looked up, when a password is checked, and when one was set",
    topology: Topology::Write,
    authentication: Authentication::Own,
    deadline: Duration::from_secs(6),
    repeat: Duration::ZERO,
    rules: None,
    needs: &["signing_secrets"],
    takes: &[],
    docs: include_str!("zitadel.md"),
    scripts: &[],
    open: |cx: &OpenContext<'_>| Ok(Box::new(Zitadel::new(cx)?)),
};

/// How long Zitadel may take to say whose session it is, less than what the target's timeout leaves.
const PRODUCT_TIMEOUT: Duration = Duration::from_millis(1500);

/// The longest signature header that is processed, in bytes. A signature has 67, and there is one for each active key.
const MAX_SIGNATURE_HEADER: usize = 1024;

/// The methods that Zitadel calls a target for, by the path below the bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hook {
    ListUsers,
    ListMethods,
    SetSession,
    SetPassword,
}

impl Hook {
    const ALL: [(&'static str, Self, &'static str); 4] = [
        ("/list-users", Self::ListUsers, "/zitadel.user.v2.UserService/ListUsers"),
        (
            "/list-authentication-method-types",
            Self::ListMethods,
            "/zitadel.user.v2.UserService/ListAuthenticationMethodTypes",
        ),
        ("/set-session", Self::SetSession, "/zitadel.session.v2.SessionService/SetSession"),
        ("/set-password", Self::SetPassword, "/zitadel.user.v2.UserService/SetPassword"),
    ];

    fn at(path: &str) -> Option<(Self, &'static str)> {
        Self::ALL.into_iter().find(|(at, ..)| *at == path).map(|(_, hook, method)| (hook, method))
    }
}

struct Zitadel {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    once: Once,
    product: Arc<dyn ProductApi>,
}

/// What Zitadel sends.
#[derive(Deserialize)]
struct Payload<T> {
    #[serde(rename = "fullMethod", default)]
    full_method: Option<String>,
    request: T,
    #[serde(default)]
    response: Option<Box<RawValue>>,
}

impl<T: for<'de> Deserialize<'de>> Payload<T> {
    /// Reads what was sent for a method. A call for another one went to the wrong target.
    fn read(body: &[u8], method: &str) -> Result<Self, Reply> {
        let payload: Self = object(body).ok_or_else(malformed)?;
        if payload.full_method.as_deref().is_some_and(|full| full != method) { Err(malformed()) } else { Ok(payload) }
    }

    fn response(&self) -> &str {
        self.response.as_ref().map(|raw| raw.get()).filter(|text| text.starts_with('{')).unwrap_or("{}")
    }
}

#[derive(Deserialize)]
struct ListUsers {
    #[serde(default)]
    queries: Vec<Query>,
}

#[derive(Deserialize)]
struct Query {
    #[serde(rename = "loginNameQuery", default)]
    login_name: Option<LoginNameQuery>,
}

#[derive(Deserialize)]
struct LoginNameQuery {
    #[serde(rename = "loginName")]
    login_name: String,
    #[serde(default)]
    method: Option<String>,
}

impl ListUsers {
    /// The whole login name that is looked for. A search for a part of one is no login.
    fn login_name(self) -> Option<String> {
        let mut queries = self.queries.into_iter().filter_map(|query| query.login_name);
        let query = queries.next().filter(|_| queries.next().is_none())?;
        let is_whole = match query.method.as_deref() {
            None => true,
            Some(method) => {
                matches!(method, "TEXT_QUERY_METHOD_EQUALS" | "TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE")
            }
        };
        is_whole.then_some(query.login_name)
    }
}

/// The part of a response that says whether somebody was found.
#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    details: Option<FoundDetails>,
    #[serde(default)]
    result: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct FoundDetails {
    #[serde(rename = "totalResult", default)]
    total: Value,
}

impl Found {
    fn is_somebody(&self) -> bool {
        let is_none = |total: &Value| match total {
            Value::Null => true,
            Value::String(text) => text == "0",
            other => other.as_u64() == Some(0),
        };
        let has_total = self.details.as_ref().is_some_and(|details| !is_none(&details.total));
        has_total || self.result.as_ref().is_some_and(|result| !result.is_empty())
    }
}

#[derive(Deserialize)]
struct UserId {
    #[serde(rename = "userId")]
    user_id: String,
}

#[derive(Deserialize)]
struct Methods {
    #[serde(rename = "authMethodTypes", default)]
    types: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct SetSession {
    #[serde(rename = "sessionId", default)]
    session_id: String,
    #[serde(rename = "sessionToken", default)]
    session_token: String,
    #[serde(default)]
    checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Checks {
    #[serde(default)]
    password: Option<PasswordCheck>,
}

#[derive(Deserialize)]
struct PasswordCheck {
    password: SecretText,
}

/// A JSON text as it came.
fn raw(text: &str) -> Reply {
    let reply = Reply::json(StatusCode::OK, &Value::Null);
    Reply { body: Zeroizing::new(text.as_bytes().to_vec()), ..reply }
}

/// The request goes on as it is.
fn passes() -> Reply {
    raw("{}")
}

/// An error that Zitadel passes on; it needs a target with `interruptOnError`.
fn forwarded(status: u16, message: &str) -> Reply {
    let error = json!({ "forwardedStatusCode": status, "forwardedErrorMessage": message });
    Reply::json(StatusCode::OK, &error)
}

fn wrong_password() -> Reply {
    forwarded(400, "Wrong username or password. Please try again.")
}

fn unavailable() -> Reply {
    forwarded(503, "Temporarily unavailable. Please try again in a few minutes.")
}

/// Whether an id is one of Landfall's; Zitadel's own are decimal.
fn is_ours(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether an id can stand in a path.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The time and the signatures in `t=…,v1=…`, with one `v1` for each active key.
fn signatures(header: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let (mut time, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", value) if time.is_none() => time = Some(value),
            ("t", _) => return None,
            ("v1", value) => signatures.push(hex::decode(value).ok()?),
            _ => {}
        }
    }
    // only one spelling of the number, because the signature covers its text
    let is_time = |time: &&str| {
        (1..=12).contains(&time.len()) && !time.starts_with('0') && time.bytes().all(|byte| byte.is_ascii_digit())
    };
    Some((time.filter(is_time)?, signatures)).filter(|(_, signatures)| !signatures.is_empty())
}

impl Zitadel {
    fn new(cx: &OpenContext<'_>) -> Result<Self, String> {
        let secrets = cx.settings.signing_secrets.iter().map(|secret| Zeroizing::new(secret.expose().into()));
        let missing = "the target must be Zitadel's API: set `target: { kind: http, preset: zitadel, … }`";
        let product = cx.product.clone().ok_or_else(|| missing.to_owned())?;
        Ok(Self { secrets: secrets.collect(), once: Once::new(cx), product })
    }

    async fn admit_signed(&self, request: &BridgeRequest<'_>) -> Result<(), Reply> {
        let refused = || Reply::empty(StatusCode::FORBIDDEN);
        let header = request.header("zitadel-signature").filter(|header| header.len() <= MAX_SIGNATURE_HEADER);
        let (time, signatures) = header.and_then(signatures).ok_or_else(refused)?;
        let signed_at = time.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let signed_at = signed_at.ok_or_else(refused)?;
        let mut is_signed = false;
        // all are tried, so that the time does not reveal which one matched
        for secret in &self.secrets {
            for signature in &signatures {
                is_signed |= is_hmac(secret, &[time.as_bytes(), b".", request.body], signature);
            }
        }
        if !is_signed {
            return Err(refused());
        }
        // not the signature: a call may have several
        let body = Sha256::digest(request.body);
        match self.once.counts("zitadel", &[time.as_bytes(), &body], signed_at).await {
            Counts::Yes => Ok(()),
            Counts::No => Err(refused()),
            Counts::Unknown => Err(Reply::empty(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }

    /// What Zitadel has at a path; an outage is the reply to one.
    async fn get(&self, path: &str) -> Result<Option<Value>, Reply> {
        match timeout(PRODUCT_TIMEOUT, self.product.get(path, "bridge")).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                tracing::warn!(%error, "Zitadel gave the bridge no usable answer");
                Err(unavailable())
            }
            Err(_) => {
                tracing::warn!("Zitadel did not answer the bridge in time");
                Err(unavailable())
            }
        }
    }

    async fn user(&self, id: &str) -> Result<Option<Value>, Reply> {
        let found = self.get(&format!("/v2/users/{}", segment(id))).await?;
        Ok(found.and_then(|mut answer| answer.get_mut("user").map(Value::take)))
    }

    /// Adds whose password it is, which only the session says. Users who have a password are left to Zitadel.
    async fn complete(&self, mut question: Question) -> Result<Question, Reply> {
        let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let session = text(&question.echo, "/session").unwrap_or_default();
        let token = text(&question.echo, "/token").unwrap_or_default();
        question.echo = Value::Null;
        let path = format!("/v2/sessions/{}?sessionToken={}", segment(&session), segment(&token));
        let session = self.get(&path).await?;
        let id = session.as_ref().and_then(|session| text(session, "/session/factors/user/id"));
        let Some(id) = id.filter(|id| !id.is_empty()) else { return Err(passes()) };
        let Some(user) = self.user(&id).await? else { return Err(passes()) };
        let has_password = !user.pointer("/human/passwordChanged").is_none_or(Value::is_null);
        let name = text(&user, "/username").filter(|_| user.get("human").is_some() && !has_password);
        question.identifier = name.ok_or_else(passes)?;
        question.echo = json!(id);
        Ok(question)
    }
}

/// The response of `ListUsers` with one user more.
fn with_user(question: &Question) -> Option<Reply> {
    let user = question.echo.get("user")?.clone();
    let mut response: Value = serde_json::from_str(question.echo.get("response")?.as_str()?).ok()?;
    let members = response.as_object_mut()?;
    let details = members.entry("details").or_insert_with(|| json!({}));
    details.as_object_mut()?.insert("totalResult".to_owned(), json!("1"));
    members.insert("result".to_owned(), json!([user]));
    Some(Reply::json(StatusCode::OK, &response))
}

fn list_users(request: &BridgeRequest<'_>, method: &str) -> Result<Question, Reply> {
    let payload = Payload::<ListUsers>::read(request.body, method)?;
    let response = payload.response().to_owned();
    let found: Found = serde_json::from_str(&response).map_err(|_| malformed())?;
    let name = payload.request.login_name().filter(|_| !found.is_somebody());
    let name = name.ok_or_else(|| raw(&response))?;
    Ok(Question { echo: json!({ "response": response }), ..Question::new(Ask::Provision, name) })
}

/// Zitadel's login page invites users who have no method to sign in with, in place of asking for a password. Those of ours will
/// have a password by the time that it is checked.
fn list_methods(request: &BridgeRequest<'_>, method: &str) -> Reply {
    let payload = match Payload::<UserId>::read(request.body, method) {
        Ok(payload) => payload,
        Err(reply) => return reply,
    };
    let response = payload.response();
    let methods: Option<Methods> = serde_json::from_str(response).ok();
    let has_none = methods.is_some_and(|methods| methods.types.is_none_or(|types| types.is_empty()));
    let value: Option<Value> = serde_json::from_str(response).ok().filter(|_| has_none);
    match value {
        Some(Value::Object(mut members)) if is_ours(&payload.request.user_id) => {
            members.insert("authMethodTypes".to_owned(), json!(["AUTHENTICATION_METHOD_TYPE_PASSWORD"]));
            Reply::json(StatusCode::OK, &Value::Object(members))
        }
        _ => raw(response),
    }
}

fn set_session(request: &BridgeRequest<'_>, method: &str) -> Result<Question, Reply> {
    let payload = Payload::<SetSession>::read(request.body, method)?;
    let SetSession { session_id, session_token, checks } = payload.request;
    let check = checks.and_then(|checks| checks.password).ok_or_else(passes)?;
    if !is_plain(&session_id) {
        return Err(malformed());
    }
    let echo = json!({ "session": session_id, "token": session_token });
    Ok(Question { echo, ..Question::login("", check.password.into_bytes()) })
}

fn set_password(request: &BridgeRequest<'_>, method: &str) -> Result<Question, Reply> {
    let payload = Payload::<UserId>::read(request.body, method)?;
    if payload.request.user_id.is_empty() {
        return Err(malformed());
    }
    let echo = json!({ "response": payload.response() });
    Ok(Question { echo, ..Question::new(Ask::PasswordSet, payload.request.user_id) })
}

impl Dialect for Zitadel {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        let (hook, method) = Hook::at(request.path).ok_or_else(|| Reply::empty(StatusCode::NOT_FOUND))?;
        request.only_post()?;
        match hook {
            Hook::ListUsers => list_users(request, method),
            Hook::ListMethods => Err(list_methods(request, method)),
            Hook::SetSession => set_session(request, method),
            Hook::SetPassword => set_password(request, method),
        }
    }

    fn asks_twice(&self) -> bool {
        true
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        let original = || raw(question.echo.get("response").and_then(Value::as_str).unwrap_or("{}"));
        match (question.ask, outcome) {
            (_, BridgeOutcome::Unavailable { .. }) => unavailable(),
            // the password was set for another user than the one whose session it is
            (Ask::Login, BridgeOutcome::Accepted(accepted)) if question.echo != json!(accepted.account) => {
                wrong_password()
            }
            (Ask::Login, BridgeOutcome::Accepted(_)) => passes(),
            (Ask::Login, _) => wrong_password(),
            (Ask::Provision, BridgeOutcome::Provisioned { account: Some(_) }) => {
                with_user(question).unwrap_or_else(unavailable)
            }
            _ => original(),
        }
    }

    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(self.admit_signed(request))
    }

    fn ask<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<Question, Reply>> {
        Box::pin(async move {
            let question = self.question(request)?;
            match question.ask {
                Ask::Login => self.complete(question).await,
                _ => Ok(question),
            }
        })
    }

    fn supplement<'a>(&'a self, question: &'a mut Question, outcome: &'a BridgeOutcome) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let BridgeOutcome::Provisioned { account: Some(id) } = outcome else { return };
            if let (Ok(Some(user)), Some(echo)) = (self.user(id).await, question.echo.as_object_mut()) {
                echo.insert("user".to_owned(), user);
            }
        })
    }
}
