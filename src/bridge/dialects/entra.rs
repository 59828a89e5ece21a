//! Microsoft Entra External ID, the custom authentication extension `onPasswordSubmit`: a POST with an access token of the
//! tenant, and in it the password, encrypted for our RSA key. The reply is an action, with the nonce that was encrypted.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::bridge::calls::Calls;
use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::jose::{AccessTokens, Decrypter, Denied, unsecured, valid_until};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::secret::SecretText;
use crate::ports::{BoxFuture, Clock};

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "entra",
    product: "Microsoft Entra External ID",
    about: "the extension onPasswordSubmit asks for the verdict on an encrypted password, for accounts that are to be migrated",
    topology: Topology::VerifyOnly,
    authentication: Authentication::Own,
    deadline: Duration::from_millis(1800),
    repeat: Duration::from_secs(10 * 60),
    rules: None,
    needs: &["decryption_key", "access_token"],
    takes: &[],
    docs: include_str!("entra.md"),
    scripts: &[],
    open,
};

/// The event that is answered. Microsoft's own pages write it in more than one case.
const EVENT: &str = "microsoft.graph.authenticationEvent.passwordSubmit";

/// The longest nonce, in bytes; it is a GUID.
const MAX_NONCE: usize = 256;

/// The longest id of a request, in bytes; it is a GUID.
const MAX_CORRELATION: usize = 128;

struct Entra {
    tokens: AccessTokens,
    decrypter: Decrypter,
    calls: Calls,
    clock: Arc<dyn Clock>,
}

fn open(context: &OpenContext<'_>) -> Result<Box<dyn Dialect>, String> {
    let OpenContext { settings, folder, nonces, clock, .. } = context;
    let key = settings.decryption_key.as_ref().ok_or("`decryption_key` is missing")?;
    let token = settings.access_token.as_ref().ok_or("`access_token` is missing")?;
    Ok(Box::new(Entra {
        tokens: AccessTokens::open(token, folder)?,
        decrypter: Decrypter::open(key.expose()).map_err(|reason| format!("`decryption_key`: {reason}"))?,
        calls: Calls::new(KIND.name, Arc::clone(nonces)),
        clock: Arc::clone(clock),
    }))
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    encrypted_password_context: String,
    authentication_context: Option<Context>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Context {
    correlation_id: Option<String>,
    client: Option<ClientOfUser>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct ClientOfUser {
    ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    mail: Option<String>,
    user_principal_name: Option<String>,
}

/// What is encrypted.
#[derive(Deserialize)]
struct Submitted {
    #[serde(rename = "user-password")]
    password: SecretText,
    username: Option<String>,
    nonce: String,
    exp: Option<f64>,
    nbf: Option<f64>,
}

impl Entra {
    /// What was encrypted for us, unless it has expired.
    fn submitted(&self, token: &str) -> Option<Submitted> {
        let content = self.decrypter.decrypt(token)?;
        let is_object = content.trim_ascii_start().first() == Some(&b'{');
        let claims: Zeroizing<Vec<u8>> = if is_object { content } else { unsecured(&content)? };
        let submitted: Submitted = object(&claims)?;
        let exp = submitted.exp.unwrap_or(f64::from(u32::MAX));
        valid_until(exp, submitted.nbf, self.clock.now())?;
        (1..=MAX_NONCE).contains(&submitted.nonce.len()).then_some(submitted)
    }
}

impl Context {
    /// The name of the account, if the name that the customer typed is not there.
    fn account_name(&self) -> Option<String> {
        let user = self.user.as_ref()?;
        [&user.mail, &user.user_principal_name].into_iter().flatten().find(|name| !name.is_empty()).cloned()
    }
}

/// Whether the request is the health check.
fn is_health_check(request: &BridgeRequest<'_>) -> bool {
    matches!(*request.method, Method::GET | Method::HEAD)
}

impl Dialect for Entra {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        if !matches!(request.path, "" | "/") {
            return Err(Reply::empty(StatusCode::NOT_FOUND));
        }
        if is_health_check(request) {
            return Err(Reply::empty(StatusCode::OK));
        }
        request.only_post()?;
        let event: Event = object(request.body).ok_or_else(malformed)?;
        if !event.kind.eq_ignore_ascii_case(EVENT) {
            return Err(malformed());
        }
        // INVARIANT: whatever is wrong with what was encrypted, the reply is the same.
        let submitted = self.submitted(&event.data.encrypted_password_context).ok_or_else(malformed)?;
        let context = event.data.authentication_context.unwrap_or_default();
        let typed = submitted.username.filter(|name| !name.is_empty());
        let identifier = typed.or_else(|| context.account_name()).ok_or_else(malformed)?;
        let mut question = Question::login(identifier, submitted.password.into_bytes());
        question.network = context.client.and_then(|client| client.ip).and_then(|ip| ip.parse().ok());
        question.correlation = context.correlation_id.filter(|id| id.len() <= MAX_CORRELATION);
        question.echo = Value::String(submitted.nonce);
        Ok(question)
    }

    /// Every refusal is `Retry`: another action for customers who are locked, denied or unknown would tell strangers which they
    /// are.
    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        let action = match outcome {
            BridgeOutcome::Accepted(accepted) if accepted.must_change_password => "UpdatePassword",
            BridgeOutcome::Accepted(_) => "MigratePassword",
            BridgeOutcome::Unavailable { retry_after } => {
                return Reply::empty(StatusCode::SERVICE_UNAVAILABLE).retry_after(*retry_after);
            }
            _ => "Retry",
        };
        let data = json!({
            "@odata.type": "microsoft.graph.onPasswordSubmitResponseData",
            "actions": [{ "@odata.type": format!("microsoft.graph.passwordSubmit.{action}") }],
            "nonce": question.echo,
        });
        Reply::json(StatusCode::OK, &json!({ "data": data }))
    }

    /// The health check is open. Everything else needs a token of the tenant, and what was encrypted counts once: nobody can
    /// change a byte of it, and the nonce is in it.
    fn admit<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move {
            if is_health_check(request) {
                return Ok(());
            }
            let now = self.clock.now();
            let valid_until = self.tokens.check(request, now).await.map_err(denied)?;
            match object::<Event>(request.body) {
                Some(event) => {
                    let call = event.data.encrypted_password_context.as_bytes();
                    self.calls.admit(call, valid_until, now).await.map_err(denied)
                }
                // it is answered as malformed
                None => Ok(()),
            }
        })
    }
}

fn denied(denied: Denied) -> Reply {
    match denied {
        Denied::Refused => Reply::empty(StatusCode::UNAUTHORIZED)
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")),
        Denied::Unavailable => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
    }
}
