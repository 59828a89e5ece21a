//! Serves bridges: a request becomes a question of its dialect, the question an operation, and the outcome a reply.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HeaderValue};
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
use crate::migrate::{Answer, Challenge, Login, Outcome, Profile, ProfileAnswer, ProvisionAnswer, SignupAnswer};
use crate::ports::PasswordChange;

/// The bridges of a service.
#[derive(Debug, Clone, Default)]
pub(super) struct Bridges(Arc<Vec<Arc<Bridge>>>);

impl Bridges {
    pub(super) fn new(bridges: Vec<Bridge>) -> Self {
        Self(Arc::new(bridges.into_iter().map(Arc::new).collect()))
    }

    /// The bridge of a path.
    pub(super) fn at(&self, path: &str) -> Option<&Arc<Bridge>> {
        self.0.iter().find(|bridge| bridge.below(path).is_some())
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
    }
}

/// The response of a reply.
pub(super) fn respond(reply: Reply) -> Response {
    let Reply { status, headers, body } = reply;
    let mut response = (status, Bytes::from(body.to_vec())).into_response();
    response.headers_mut().remove(axum::http::header::CONTENT_TYPE);
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
    let question = match bridge.dialect().question(&seen(&bridge, &parts, &body)) {
        Ok(question) => question,
        Err(reply) => return respond(reply),
    };
    drop(body);
    if let Some(correlation) = &question.correlation {
        tracing::debug!(request_id = %info.id, bridge = bridge.kind.name, %correlation, "asked by a bridge");
    }
    let operations = app.operations.clone();
    let (asked, id) = (Arc::clone(&bridge), info.id.to_string());
    let network = question.network.or(info.network);
    let work = async move {
        let (question, outcome, name) = find_out(&*operations, &asked, question, network, id).await;
        (question, outcome, name)
    };
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
    network: Option<std::net::IpAddr>,
    request_id: String,
) -> (Question, BridgeOutcome, &'static str) {
    let (identifier, tenant) = (question.identifier.clone(), bridge.tenant.clone());
    let (outcome, name) = match question.ask {
        Ask::Login => {
            let password = question.password.take().unwrap_or_default();
            let challenge = Challenge::None;
            let login = Login { request_id, identifier, password, network, challenge, tenant };
            let (answer, profile) = operations.hand_over(login, &bridge.handover).await;
            let name = answer.outcome.name();
            (signed_in(answer, profile.as_ref()), name)
        }
        Ask::Profile => match operations.profile(&request_id, &identifier, network, tenant, &bridge.handover).await {
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
    };
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
