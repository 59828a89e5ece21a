//! The on-demand password migration of WSO2 Identity Server and Asgardeo
//! (<https://is.docs.wso2.com/en/latest/guides/users/migrate-users/migrate-passwords/>): one call starts the verification, the
//! browser polls until it is over, and another call fetches the verdict.
//!
//! We verify before we answer the first call, and the verdict travels in the context id that we give out, so that any instance
//! can answer the other calls.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bridge::dialect::{Dialect, OpenContext, Topology};
use crate::bridge::json::{malformed, object};
use crate::bridge::kinds::{Authentication, Kind, Script};
use crate::bridge::question::{BridgeOutcome, Question};
use crate::bridge::reply::Reply;
use crate::bridge::request::BridgeRequest;
use crate::bridge::sealed::Seal;
use crate::bridge::secret::SecretText;
use crate::bridge::signed::{Counts, Once, digest};
use crate::ports::{BoxFuture, Clock};

/// The row of the dialect.
pub(in crate::bridge) const KIND: Kind = Kind {
    name: "wso2",
    product: "WSO2 Identity Server and Asgardeo",
    about: "the on-demand password migration starts a verification, polls, and fetches the verdict",
    topology: Topology::VerifyOnly,
    authentication: Authentication::Callers,
    deadline: Duration::from_secs(8),
    repeat: Duration::from_secs(10 * 60),
    rules: None,
    needs: &[],
    takes: &[],
    docs: include_str!("wso2.md"),
    scripts: &[Script { name: "login", text: include_str!("wso2/login.js") }],
    open: |cx: &OpenContext<'_>| Ok(Box::new(Wso2::new(cx))),
};

const START: &str = "/start-authentication";
const STATUS: &str = "/authentication-status";

struct Wso2 {
    seal: Seal,
    once: Once,
    clock: std::sync::Arc<dyn Clock>,
}

/// The verdict on a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Unknown,
}

impl Verdict {
    const ALL: [Self; 3] = [Self::Right, Self::Wrong, Self::Unknown];

    fn byte(self) -> u8 {
        match self {
            Self::Right => 1,
            Self::Wrong => 2,
            Self::Unknown => 3,
        }
    }

    fn status(self) -> Value {
        match self {
            Self::Right => json!({ "status": "SUCCESS", "message": "Authenticated successful" }),
            Self::Wrong => json!({ "status": "FAIL", "message": "Invalid credentials" }),
            Self::Unknown => json!({ "status": "FAIL", "message": "Something went wrong" }),
        }
    }
}

/// What a context id stands for.
struct Context {
    verdict: Verdict,
    made_at: Timestamp,
    /// The digest of the user name, so that all ids have the same length.
    user: [u8; 32],
}

impl Context {
    fn bytes(&self) -> [u8; 41] {
        let mut bytes = [0; 41];
        let (verdict, rest) = bytes.split_at_mut(1);
        let (made_at, user) = rest.split_at_mut(8);
        verdict.copy_from_slice(&[self.verdict.byte()]);
        made_at.copy_from_slice(&self.made_at.as_second().to_be_bytes());
        user.copy_from_slice(&self.user);
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (verdict, rest) = bytes.split_first()?;
        let (made_at, user) = rest.split_first_chunk::<8>()?;
        Some(Self {
            verdict: Verdict::ALL.into_iter().find(|known| known.byte() == *verdict)?,
            made_at: Timestamp::from_second(i64::from_be_bytes(*made_at)).ok()?,
            user: user.try_into().ok()?,
        })
    }
}

/// The body of the call that starts.
#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    id: Option<String>,
    username: String,
    password: SecretText,
}

/// The body of the call that fetches the verdict.
#[derive(Deserialize)]
struct Fetch {
    #[serde(rename = "contextId")]
    context_id: String,
    username: String,
}

fn user(name: &str) -> [u8; 32] {
    digest("wso2 user", &[name.as_bytes()])
}

fn invalid_context() -> Reply {
    Reply::json(StatusCode::BAD_REQUEST, &json!({ "message": "Invalid context id" }))
}

impl Wso2 {
    fn new(cx: &OpenContext<'_>) -> Self {
        let clock = std::sync::Arc::clone(&cx.clock);
        Self { seal: Seal::new(&cx.keyring, "wso2 context"), once: Once::new(cx), clock }
    }

    /// What a context id stands for, if we gave it out a short time ago.
    fn context(&self, id: &str) -> Option<Context> {
        let context = Context::read(&self.seal.open(id)?)?;
        self.once.is_recent(context.made_at).then_some(context)
    }

    /// The answer to the browser, which never depends on the verdict.
    fn polled(&self, query: Option<&str>) -> Reply {
        let mut ids = query.unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("contextId="));
        match (ids.next(), ids.next()) {
            (Some(id), None) => {
                let status = if self.context(id).is_some() { "COMPLETE" } else { "PENDING" };
                Reply::json(StatusCode::OK, &json!({ "status": status }))
            }
            _ => malformed(),
        }
    }

    /// The verdict, once.
    async fn fetched(&self, request: &BridgeRequest<'_>) -> Reply {
        let Some(fetch) = object::<Fetch>(request.body) else { return malformed() };
        let Some(context) = self.context(&fetch.context_id) else { return invalid_context() };
        match self.once.counts("wso2", &[fetch.context_id.as_bytes()], context.made_at).await {
            Counts::Yes if context.user == user(&fetch.username) => {
                Reply::json(StatusCode::OK, &context.verdict.status())
            }
            Counts::Yes => Reply::json(StatusCode::OK, &json!({ "status": "FAIL", "message": "Invalid request" })),
            Counts::No => invalid_context(),
            Counts::Unknown => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

impl Dialect for Wso2 {
    fn question(&self, request: &BridgeRequest<'_>) -> Result<Question, Reply> {
        match (request.path, request.method) {
            (START, &Method::POST) => {
                let start: Start = object(request.body).ok_or_else(malformed)?;
                let login = Question::login(start.username, start.password.into_bytes());
                let echo = json!(hex::encode(user(&login.identifier)));
                Ok(Question { correlation: start.id, echo, ..login })
            }
            (STATUS, &Method::GET) => Err(self.polled(request.query)),
            // Whether a context id was used before is known to `ask` alone.
            (STATUS, &Method::POST) => Err(invalid_context()),
            (START | STATUS, _) => Err(Reply::empty(StatusCode::METHOD_NOT_ALLOWED)),
            _ => Err(Reply::empty(StatusCode::NOT_FOUND)),
        }
    }

    fn reply(&self, question: &Question, outcome: &BridgeOutcome) -> Reply {
        let verdict = match outcome {
            BridgeOutcome::Accepted(_) => Verdict::Right,
            BridgeOutcome::Unavailable { .. } => Verdict::Unknown,
            _ => Verdict::Wrong,
        };
        let user = question.echo.as_str().and_then(|digits| hex::decode(digits).ok()?.try_into().ok());
        let sealed = user.and_then(|user| {
            let made_at = self.clock.now();
            self.seal.seal(&Context { verdict, made_at, user }.bytes())
        });
        match sealed {
            Some(id) => Reply::json(StatusCode::OK, &json!({ "message": "Received", "contextId": id })),
            None => Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn is_open(&self, method: &Method, path: &str) -> bool {
        *method == Method::GET && path == STATUS
    }

    fn ask<'a>(&'a self, request: &'a BridgeRequest<'a>) -> BoxFuture<'a, Result<Question, Reply>> {
        Box::pin(async move {
            match (request.path, request.method) {
                (STATUS, &Method::POST) => Err(self.fetched(request).await),
                _ => self.question(request),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_as_they_were_written() {
        for verdict in Verdict::ALL {
            let context =
                Context { verdict, made_at: Timestamp::from_second(1_800_000_000).unwrap(), user: user("ada") };
            let bytes = context.bytes();
            let read = Context::read(&bytes).unwrap();
            assert_eq!((read.verdict, read.made_at, read.user), (verdict, context.made_at, context.user));
            assert!(Context::read(&bytes[1..]).is_none());
        }
        let mut unknown = [0; 41];
        unknown[0] = 9;
        assert!(Context::read(&unknown).is_none());
    }
}
