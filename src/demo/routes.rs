//! The routes of the demo: the sign-in page, what came of a sign-in, the stored accounts, and the switch of the shop.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::mapping;
use super::page::{AccountPage, AccountView, Asked, CSS, Front, Home, MARK, Message, POLICY, Shop, Typed, Visit};
use super::samples;
use super::step_text;
use super::switch::Switch;
use super::watch::Watch;
use crate::migrate::{Answer, Challenge, IdentifierProfile, Login, Migrator, Target, TargetId};
use crate::password::store::{SALT_BYTES, system_salt};

/// How many accounts the front page counts; more than the shop has customers.
const MAX_ACCOUNTS: usize = 1000;

/// How long a look into the shop may take.
const PEEK: Duration = Duration::from_secs(1);

/// What the pages stand on.
#[derive(Clone)]
pub struct Stage {
    /// The login.
    pub migrator: Arc<Migrator>,
    /// The account store.
    pub target: Arc<dyn Target>,
    /// The legacy shop.
    pub shop: Arc<Switch>,
    /// Who watches the logins.
    pub watch: Arc<Watch>,
    /// Where the service listens, such as `127.0.0.1:8080`.
    pub address: String,
}

/// The routes.
pub fn routes(stage: Stage) -> Router {
    Router::new()
        .route("/", get(front).post(sign_in))
        .route("/legacy", post(switch))
        .route("/accounts/{id}", get(account))
        .route("/demo.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], CSS)))
        .route("/mark.svg", get(async || ([(CONTENT_TYPE, "image/svg+xml")], MARK)))
        .layer(from_fn(same_site))
        .layer(map_response(guarded))
        .with_state(stage)
}

/// Forms of other sites are not taken: what a browser says of the origin is told by itself (Fetch Metadata,
/// <https://www.w3.org/TR/fetch-metadata/>).
async fn same_site(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    if request.method() == Method::POST && !matches!(site, None | Some(b"same-origin" | b"none")) {
        let message = Message { title: "Not from here", text: "Forms of other sites are not taken." };
        return shown(StatusCode::FORBIDDEN, &message);
    }
    next.run(request).await
}

async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn shown(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn no_answer() -> Response {
    let message = Message { title: "Try again later", text: "The account store does not answer." };
    shown(StatusCode::SERVICE_UNAVAILABLE, &message)
}

async fn front(State(stage): State<Stage>) -> Response {
    stage.home(StatusCode::OK, None, Typed::default()).await
}

/// The sign-in form as it is sent.
#[derive(Deserialize)]
struct SignIn {
    identifier: String,
    password: String,
}

async fn sign_in(State(stage): State<Stage>, Form(form): Form<SignIn>) -> Response {
    // only what the page shows anyway is put into the form again
    let presented = Zeroizing::new(form.password.into_bytes());
    let sample =
        samples::all().find(|one| one.login == form.identifier && one.password.as_bytes() == presented.as_slice());
    let password = sample.map_or("", |sample| sample.password).to_owned();
    let typed = Typed { identifier: form.identifier.clone(), password };
    let request_id = request_id();
    let login = Login {
        request_id: request_id.clone(),
        identifier: form.identifier.clone(),
        password: presented,
        network: None,
        challenge: Challenge::None,
    };
    // a task of its own: who closes the window does not interrupt a migration
    let migrator = Arc::clone(&stage.migrator);
    let Ok(answer) = tokio::spawn(async move { migrator.login(login).await }).await else { return no_answer() };
    let visit = stage.visit(&request_id, form.identifier, &answer).await;
    stage.home(status(&answer), Some(visit), typed).await
}

fn request_id() -> String {
    let mut bytes = [0; SALT_BYTES];
    // it gives no error; an id of zeros would still be one
    let _ = system_salt(&mut bytes);
    format!("page-{}", hex::encode(bytes))
}

fn status(answer: &Answer) -> StatusCode {
    if answer.outcome.is_success() {
        StatusCode::OK
    } else if answer.outcome.is_temporary() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::FORBIDDEN
    }
}

impl Stage {
    async fn home(&self, status: StatusCode, visit: Option<Visit>, typed: Typed) -> Response {
        let Ok(accounts) = self.target.list(None, MAX_ACCOUNTS).await else { return no_answer() };
        let front = Front::new(&self.address, self.shop.shop(), self.shop.asked(), &accounts);
        shown(status, &Home { front, visit, typed })
    }

    /// A login with its steps, and when the shop was asked, what it holds and what the rules make of it.
    async fn visit(&self, request_id: &str, identifier: String, answer: &Answer) -> Visit {
        let watched = self.watch.take(request_id).unwrap_or_default();
        let mapped = watched.mapped;
        let name = IdentifierProfile::default().canonical(&identifier);
        let account = answer.account.as_ref().filter(|_| answer.outcome.is_success()).map(|id| id.0.clone());
        let visit =
            Visit::new(step_text::ending(&answer.outcome), identifier, watched).ended(account, answer.retry_after);
        let (Asked::Yes, Ok(name)) = (visit.asked, name) else { return visit };
        let Some(record) = self.shop.peek(&name, Instant::now() + PEEK).await else { return visit };
        let visit = visit.holding(record.json());
        if !mapped {
            return visit;
        }
        visit.mapping(mapping::claims(&self.migrator.rules().current(), record.json()))
    }
}

async fn account(State(stage): State<Stage>, Path(id): Path<String>) -> Response {
    match stage.target.read(&TargetId(id)).await {
        Ok(Some(account)) => shown(StatusCode::OK, &AccountPage { account: AccountView::of(&account) }),
        Ok(None) => {
            let message = Message { title: "No such account", text: "Nobody has come across under this id." };
            shown(StatusCode::NOT_FOUND, &message)
        }
        Err(_) => no_answer(),
    }
}

/// The switch as it is sent.
#[derive(Deserialize)]
struct Flip {
    state: Position,
}

/// The positions of the switch.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Position {
    On,
    Off,
}

async fn switch(State(stage): State<Stage>, Form(flip): Form<Flip>) -> Redirect {
    stage.shop.set(match flip.state {
        Position::On => Shop::On,
        Position::Off => Shop::Off,
    });
    Redirect::to("/")
}
