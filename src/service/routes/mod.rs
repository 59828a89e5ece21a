//! The routes, one file per operation, and the OpenAPI document that is generated from them.

mod accounts;
mod health;
mod login;
mod reset;
mod signup;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use super::problem::Problem;
use super::{callers, guardrails, watch};
pub(super) use login::DEFAULT_RETRY_AFTER;

/// The document without its routes, which add themselves.
#[derive(OpenApi)]
#[openapi(
    info(title = "Landfall", description = "Signs customers in, and migrates their accounts at the first login."),
    modifiers(&Schemes),
    security(("bearer" = []), ("basic" = []), ("signature" = []))
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        let signature = ApiKeyValue::with_description(
            callers::SIGNATURE,
            "HMAC-SHA-256 over `id.timestamp.METHOD.path.body`, in the headers of Standard Webhooks; with `webhook-id` and \
             `webhook-timestamp`",
        );
        components.add_security_scheme("signature", SecurityScheme::ApiKey(ApiKey::Header(signature)));
    }
}

/// The routes with their handlers, and their document.
fn documented() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(login::login))
        .routes(routes!(signup::signup_check))
        .routes(routes!(reset::password_reset))
        .routes(routes!(accounts::account))
        .routes(routes!(accounts::set_password))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics))
        .split_for_parts()
}

/// The OpenAPI 3.1 document of the service.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().1
}

/// All routes, and additional pages, with all layers. The last layer is the outermost.
pub(super) fn router(app: &App, pages: Router) -> Router {
    let (router, document) = documented();
    let panics = app.metrics.clone();
    router
        .route("/openapi.json", get(async move || Json(document.clone())))
        .merge(app.bridges.router())
        .merge(pages.with_state(()))
        .fallback(async || Problem::NOT_FOUND)
        .method_not_allowed_fallback(async || Problem::METHOD)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(app.clone(), callers::admit))
        .layer(middleware::from_fn_with_state(app.clone(), guardrails::within_time))
        .layer(CatchPanicLayer::custom(move |_: Box<dyn std::any::Any + Send>| {
            panics.panicked();
            Problem::INTERNAL.into_response()
        }))
        .layer(middleware::from_fn_with_state(app.clone(), watch::watch))
        .with_state(app.clone())
}

/// Metrics
///
/// Counters, gauges and histograms in the Prometheus text format. No label contains a customer's value.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, description = "The metrics.", body = String, content_type = "text/plain"),
))]
async fn metrics(State(app): State<App>) -> Response {
    // https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render()).into_response()
}
