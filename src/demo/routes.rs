//! The routes of the demo: the sign-in page, the result of a sign-in, the stored accounts, and the switch of the shop.

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

use super::again::Again;
use super::mapping;
use super::page::{AccountPage, AccountView, CSS, Front, Home, MARK, Message, POLICY, Shop, ShopQuery, Typed, Visit};
use super::samples;
use super::step_text;
use super::switch::Switch;
use super::watch::Watch;
use crate::migrate::{Answer, Challenge, Login, Migrator};
use crate::ports::{Call, IdentifierProfile, Target, TargetId};
use crate::random;

/// How many accounts the front page counts; more than the shop has customers.
const MAX_ACCOUNTS: usize = 1000;

/// The timeout of reading a record for the page.
const PEEK_TIMEOUT: Duration = Duration::from_secs(1);

/// The state of the pages.
#[derive(Clone)]
pub struct PageState {
    /// The login.
    pub migrator: Arc<Migrator>,
    /// The account store.
    pub target: Arc<dyn Target>,
    /// The legacy shop.
    pub shop: Arc<Switch>,
    /// The observer of the logins.
    pub watch: Arc<Watch>,
    /// The address of the service, such as `127.0.0.1:8080`.
    pub address: String,
    /// Puts everything back.
    pub again: Arc<Again>,
}

/// The routes of the demo.
pub fn routes(state: PageState) -> Router {
    Router::new()
        .route("/", get(front).post(sign_in))
        .route("/legacy", post(switch))
        .route("/again", post(again))
        .route("/accounts/{id}", get(account))
        .route("/demo.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], CSS)))
        .route("/mark.svg", get(async || ([(CONTENT_TYPE, "image/svg+xml")], MARK)))
        .layer(from_fn(same_site))
        .layer(map_response(security_headers))
        .with_state(state)
}

/// Rejects forms of other sites. Browsers send the origin of a request themselves (Fetch Metadata,
/// <https://www.w3.org/TR/fetch-metadata/>).
async fn same_site(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").map(HeaderValue::as_bytes);
    if request.method() == Method::POST && !matches!(site, None | Some(b"same-origin" | b"none")) {
        let message = Message { title: "Forbidden", text: "Forms of other sites are not accepted." };
        return render(StatusCode::FORBIDDEN, &message);
    }
    next.run(request).await
}

async fn security_headers(mut response: Response) -> Response {
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

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn unavailable() -> Response {
    try_later("The account store is not available.")
}

fn try_later(text: &'static str) -> Response {
    render(StatusCode::SERVICE_UNAVAILABLE, &Message { title: "Try again later", text })
}

async fn front(State(state): State<PageState>) -> Response {
    state.home(StatusCode::OK, None, Typed::default()).await
}

/// The sign-in form.
#[derive(Deserialize)]
struct SignIn {
    identifier: String,
    password: String,
}

async fn sign_in(State(state): State<PageState>, Form(form): Form<SignIn>) -> Response {
    // the form is only filled with samples, which the page shows anyway
    let presented = Zeroizing::new(form.password.into_bytes());
    let sample =
        samples::all().find(|one| one.login == form.identifier && one.password.as_bytes() == presented.as_slice());
    let password = sample.map_or("", |sample| sample.password).to_owned();
    let typed = Typed { identifier: form.identifier.clone(), password };
    let Ok(id) = random::id() else { return try_later("The system provides no random numbers.") };
    let request_id = format!("page-{id}");
    let login = Login {
        request_id: request_id.clone(),
        identifier: form.identifier.clone(),
        password: presented,
        network: None,
        challenge: Challenge::None,
        tenant: None,
    };
    // in its own task, so that closing the window does not interrupt a migration
    let migrator = Arc::clone(&state.migrator);
    let Ok(answer) = tokio::spawn(async move { migrator.login(login).await }).await else { return unavailable() };
    let visit = state.visit(&request_id, form.identifier, &answer).await;
    state.home(status(&answer), Some(visit), typed).await
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

/// The circumstances of a call for the page itself.
fn page_call() -> Call<'static> {
    Call::outside_login("demo")
}

impl PageState {
    async fn home(&self, status: StatusCode, visit: Option<Visit>, typed: Typed) -> Response {
        let Ok(accounts) = self.target.list(page_call(), None, MAX_ACCOUNTS).await else {
            return unavailable();
        };
        let front = Front::new(&self.address, self.shop.shop(), self.shop.queries(), &accounts);
        render(status, &Home { front, visit, typed })
    }

    /// The login with its steps; and if the shop was queried, the record and the mapped claims.
    async fn visit(&self, request_id: &str, identifier: String, answer: &Answer) -> Visit {
        let mut watched = self.watch.take(request_id).unwrap_or_default();
        watched.steps = step_text::with_stop(watched.steps, &answer.outcome);
        let mapped = watched.mapped;
        let name = IdentifierProfile::default().canonical(&identifier);
        let account = answer.account.as_ref().filter(|_| answer.outcome.is_success()).map(|id| id.0.clone());
        let visit =
            Visit::new(step_text::ending(&answer.outcome), identifier, watched).ended(account, answer.retry_after);
        let (ShopQuery::Made, Ok(name)) = (visit.query, name) else { return visit };
        let call = Call { deadline: Instant::now() + PEEK_TIMEOUT, request_id };
        let Some(record) = self.shop.peek(call, &name).await else { return visit };
        let visit = visit.with_record(record.json());
        if !mapped {
            return visit;
        }
        visit.with_claims(mapping::claims(&self.migrator.rules().current(), record.json()))
    }
}

async fn account(State(state): State<PageState>, Path(id): Path<String>) -> Response {
    match state.target.read(page_call(), &TargetId(id)).await {
        Ok(Some(account)) => render(StatusCode::OK, &AccountPage { account: AccountView::of(&account) }),
        Ok(None) => {
            let message = Message { title: "No such account", text: "There is no account with this id." };
            render(StatusCode::NOT_FOUND, &message)
        }
        Err(_) => unavailable(),
    }
}

async fn again(State(state): State<PageState>) -> Response {
    match state.again.start(&state.shop).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => {
            tracing::warn!(%error, "the demo did not start again");
            unavailable()
        }
    }
}

/// The form of the switch.
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

async fn switch(State(state): State<PageState>, Form(flip): Form<Flip>) -> Redirect {
    state.shop.set(match flip.state {
        Position::On => Shop::On,
        Position::Off => Shop::Off,
    });
    Redirect::to("/")
}
