//! Serves bridges: a request becomes a question of its dialect, the question an operation, and the outcome a reply.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};

use super::app::App;
use super::operations::Operations;
use super::problem::{Problem, ProblemName};
use super::request::RequestInfo;
use super::routes::DEFAULT_RETRY_AFTER;
use crate::bridge::{Accepted, Ask, Bridge, BridgeOutcome, BridgeRequest, Question, Reply, members};
use crate::migrate::{
    Answer, Challenge, Handover, Login, Outcome, Profile, ProfileAnswer, ProvisionAnswer, SignupAnswer,
};
use crate::ports::{PasswordChange, TargetId};

/// The bridges of a service.
#[derive(Debug, Clone, Default)]
pub(super) struct Bridges(Arc<Vec<Arc<Bridge>>>);

impl Bridges {
    pub(super) fn new(bridges: Vec<Bridge>) -> Self {
        Self(Arc::new(bridges.into_iter().map(Arc::new).collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bridge of a path: the one that the router chooses if one is below another.
    pub(super) fn at(&self, path: &str) -> Option<&Arc<Bridge>> {
        self.0.iter().filter(|bridge| bridge.below(path).is_some()).max_by_key(|bridge| bridge.path.len())
    }

    /// Whether a caller may call a path: callers of a bridge nothing but their bridges, and all others everything else.
    pub(super) fn allow(&self, caller: &str, path: &str) -> bool {
        let is_named = |bridge: &Bridge| bridge.callers.iter().any(|name| name == caller);
        match self.at(path) {
            Some(bridge) => is_named(bridge),
            None => !self.0.iter().any(|bridge| is_named(bridge)),
        }
    }

    /// The routes.
    pub(super) fn router(&self) -> Router<App> {
        self.0.iter().fold(Router::new(), |router, bridge| {
            // `{*below}` is never empty
            let paths = [bridge.path.clone(), format!("{}/", bridge.path), format!("{}/{{*below}}", bridge.path)];
            paths.into_iter().fold(router, |router, path| {
                let bridge = Arc::clone(bridge);
                router.route(&path, any(move |app, info, request| ask(app, bridge, info, request)))
            })
        })
    }
}

/// A request as the dialect of a bridge sees it.
pub(super) fn seen<'r>(bridge: &Bridge, parts: &'r Parts, body: &'r [u8]) -> BridgeRequest<'r> {
    BridgeRequest {
        method: &parts.method,
        target: parts.uri.path_and_query().map_or("", PathAndQuery::as_str),
        path: bridge.below(parts.uri.path()).unwrap_or_default(),
        query: parts.uri.query(),
        headers: &parts.headers,
        body,
        network: parts.extensions.get::<RequestInfo>().and_then(|info| info.network),
        caller: parts.extensions.get::<RequestInfo>().and_then(|info| info.caller),
    }
}

/// Whether a request to a bridge is answered without a caller.
pub(super) fn is_open(bridge: &Bridge, parts: &Parts) -> bool {
    let below = bridge.below(parts.uri.path());
    below.is_some_and(|path| bridge.dialect().is_open(&parts.method, path))
}

/// The response of a reply.
pub(super) fn respond(reply: Reply) -> Response {
    let Reply { status, headers, body } = reply;
    let mut response = (status, Bytes::from(body.to_vec())).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The response of a reply that was made without a decision; one that is an error has a name in the logs.
pub(super) fn respond_named(reply: Reply, name: &'static str) -> Response {
    let is_error = reply.status.is_client_error() || reply.status.is_server_error();
    let mut response = respond(reply);
    if is_error {
        response.extensions_mut().insert(ProblemName(name));
    }
    response
}

async fn ask(
    State(app): State<App>,
    bridge: Arc<Bridge>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    // The body has been read within its limits before the caller was admitted.
    let Ok(body) = axum::body::to_bytes(Body::new(body), app.limits.body_bytes).await else {
        return Problem::MALFORMED.into_response();
    };
    let request = seen(&bridge, &parts, &body);
    let question = match bridge.dialect().ask(&request).await {
        // INVARIANT: nothing is found out for a caller who is not known
        Ok(_) if is_open(&bridge, &parts) => return Problem::CALLER.into_response(),
        Ok(question) => question,
        Err(reply) => return respond_named(reply, "malformed"),
    };
    drop(body);
    if let Some(correlation) = &question.correlation {
        tracing::debug!(request_id = %info.id, bridge = bridge.kind.name, %correlation, "asked by a bridge");
    }
    let operations = app.operations.clone();
    let (asked, id) = (Arc::clone(&bridge), info.id.to_string());
    // Never the peer, which is the product: the limit of one network would lock all its customers out.
    let network = question.network;
    let work = async move { find_out(&*operations, &asked, question, network, id).await };
    match app.to_completion(&info, work).await {
        Ok((question, outcome, name)) => {
            let mut response = respond(bridge.dialect().reply(&question, &outcome));
            response.extensions_mut().insert(ProblemName(name));
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The outcome of a question, and its name for the logs.
async fn find_out(
    operations: &dyn Operations,
    bridge: &Bridge,
    mut question: Question,
    network: Option<IpAddr>,
    request_id: String,
) -> (Question, BridgeOutcome, &'static str) {
    let (identifier, tenant) = (question.identifier.clone(), bridge.tenant.clone());
    let (facts, customer) = (std::mem::take(&mut question.facts), question.customer.take());
    let handover = Handover { facts, customer, ..bridge.handover.clone() };
    let (outcome, name) = match question.ask {
        Ask::Login => {
            let password = question.password.take().unwrap_or_default();
            let challenge = Challenge::None;
            let login = Login { request_id, identifier, password, network, challenge, tenant };
            let (answer, profile) = operations.hand_over(login, &handover).await;
            let name = answer.outcome.name();
            (signed_in(answer, profile.as_ref()), name)
        }
        Ask::Profile => match operations.profile(&request_id, &identifier, network, tenant, &handover).await {
            ProfileAnswer::Known(profile) => (known(&profile), "known"),
            ProfileAnswer::Unknown => (BridgeOutcome::Refused, "unknown"),
            ProfileAnswer::Unavailable(retry_after) => (BridgeOutcome::Unavailable { retry_after }, "unavailable"),
        },
        Ask::SignupCheck => match operations.signup_check(&request_id, &identifier, network).await {
            SignupAnswer::Free => (BridgeOutcome::Free, "free"),
            SignupAnswer::Reserved => (BridgeOutcome::Reserved, "reserved"),
            SignupAnswer::Unknown(retry_after) => (BridgeOutcome::Unavailable { retry_after }, "unavailable"),
        },
        Ask::Provision => match operations.provision(&request_id, &identifier, network, tenant).await {
            ProvisionAnswer::Done(account) => {
                (BridgeOutcome::Provisioned { account: account.map(|id| id.0) }, "provisioned")
            }
            ProvisionAnswer::Unavailable(retry_after) => (BridgeOutcome::Unavailable { retry_after }, "unavailable"),
        },
        Ask::PasswordSet => match operations.password_was_set(&request_id, &TargetId(identifier)).await {
            Ok(true) => (BridgeOutcome::Noted, "set"),
            Ok(false) => (BridgeOutcome::Noted, "unknown"),
            Err(_) => (BridgeOutcome::Unavailable { retry_after: DEFAULT_RETRY_AFTER }, "unavailable"),
        },
    };
    bridge.dialect().supplement(&mut question, &outcome).await;
    (question, outcome, name)
}

/// INVARIANT: refusals are identical; the match has no wildcard, so that a new outcome must be placed here.
fn signed_in(answer: Answer, profile: Option<&Profile>) -> BridgeOutcome {
    let must_change = match answer.outcome {
        Outcome::Authenticated | Outcome::Migrated => answer.change == PasswordChange::Required,
        Outcome::MigratedMustChangePassword | Outcome::MigratedWithoutPassword => true,
        Outcome::Refused(_)
        | Outcome::Conflict
        | Outcome::InvalidRecord
        | Outcome::UnreadableRecord
        | Outcome::DeniedByRule(_) => return BridgeOutcome::Refused,
        Outcome::LegacyUnavailable | Outcome::TargetUnavailable | Outcome::Overloaded => {
            return BridgeOutcome::Unavailable { retry_after: answer.retry_after.unwrap_or(DEFAULT_RETRY_AFTER) };
        }
    };
    BridgeOutcome::Accepted(Accepted {
        profile: members(profile),
        account: answer.account.map(|id| id.0).unwrap_or_default(),
        must_change_password: must_change,
    })
}

fn known(profile: &Profile) -> BridgeOutcome {
    BridgeOutcome::Accepted(Accepted {
        profile: members(Some(profile)),
        account: String::new(),
        must_change_password: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::memory::MemoryLedger;
    use crate::bridge::{BridgeSettings, OpenContext};
    use crate::ports::{Keyring, SystemClock};

    fn bridge(path: &str, caller: &str) -> Bridge {
        let settings = serde_json::json!({ "kind": "keycloak", "path": path, "callers": [caller] });
        let settings: BridgeSettings = serde_json::from_value(settings).unwrap();
        let keyring = Arc::new(Keyring::new(&[7; 32]).unwrap());
        let (folder, nonces, clock) = ("".as_ref(), Arc::new(MemoryLedger::new()), Arc::new(SystemClock));
        Bridge::open(&OpenContext { settings: &settings, folder, nonces, keyring, clock, product: None }).unwrap()
    }

    /// A caller of one bridge may not call another below it, which the router chooses for its paths.
    #[test]
    fn the_longest_path_decides_who_may_call() {
        for paths in [["/a", "/a/b"], ["/a/b", "/a"]] {
            let bridges = Bridges::new(paths.map(|path| bridge(path, path)).into());
            for (path, allowed) in
                [("/a", "/a"), ("/a/x", "/a"), ("/a/bx", "/a"), ("/a/b", "/a/b"), ("/a/b/x", "/a/b"), ("/a/b/", "/a/b")]
            {
                for caller in ["/a", "/a/b"] {
                    assert_eq!(bridges.allow(caller, path), caller == allowed, "{caller} {path}");
                }
            }
            assert!(!bridges.allow("/a", "/v1/login") && bridges.allow("another", "/v1/login"));
            assert!(!bridges.allow("another", "/a"));
        }
    }
}
