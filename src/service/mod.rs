//! The service: the operations of a migrator over HTTP, with limits, logs and metrics.
//!
//! ```text
//! connection: slot → TLS → header timeout
//! request:    id, log, metrics → panics → timeout → caller → permit → body → route
//! ```
//!
//! The body of a signed call is needed to identify its caller, so it is read in a slot for unverified requests before
//! the call gets a permit.
//!
//! All refusals of a customer have the same bytes. A temporary failure is a 503, never a refusal. A body is read as a
//! whole and must have exactly one shape before anything is looked up.

mod app;
mod body;
mod bridges;
mod callers;
mod compose;
mod connections;
mod entrance;
mod guardrails;
mod live;
mod logs;
mod metrics;
mod mistake;
mod network;
mod observer;
mod operations;
mod problem;
mod ready;
mod reload;
mod request;
mod routes;
mod server;
mod settings;
mod stop;
#[cfg(test)]
mod tests;
mod tls;
mod watch;

pub use compose::{ComposeError, Composed, compose};
pub use live::Service;
pub use logs::{LogColours, LogError, LogFormat, LogSettings, init};
pub use metrics::Metrics;
pub use observer::Telemetry;
pub use reload::{LoadRules, ReloadError, Reloader, RuleReload, RuleUse, SETTLED};
pub use routes::openapi;
pub use server::{Bound, ServiceError};
pub use settings::{ServiceLimits, ServiceSettings, TlsFiles};
pub use stop::Stopper;
pub use tls::TlsError;
