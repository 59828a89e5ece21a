//! The service: the operations of a migrator over HTTP, with the limits, logs and metrics that stand around them.
//!
//! ```text
//! connection: room → TLS → time of the head
//! request:    name, log, metrics → panics → time → caller → room → body → route
//! ```
//!
//! The body of a signed call decides who calls. It is read in a room of its own before the call has a place in the other.
//!
//! Whatever refuses a customer gives the same bytes. Whatever cannot be told now is 503, and never a refusal. Bodies are
//! read as a whole and must have exactly one shape before anything is looked up.

mod app;
mod body;
mod callers;
mod compose;
mod connections;
mod entrance;
mod guardrails;
mod live;
mod logs;
mod metrics;
mod network;
mod observer;
mod operations;
mod problem;
mod ready;
mod reload;
mod request;
mod routes;
mod secret;
mod server;
mod settings;
mod stop;
#[cfg(test)]
mod tests;
mod tls;
mod watch;

pub use compose::{ComposeError, Composed, compose};
pub use live::Service;
pub use logs::{LogError, LogFormat, LogSettings, init};
pub use metrics::{Figures, Metrics};
pub use observer::Telemetry;
pub use reload::{LoadRules, ReloadError, Reloader, RuleReload, SETTLED};
pub use routes::openapi;
pub use server::{Bound, ServiceError};
pub use settings::{ServiceLimits, ServiceSettings, TlsFiles};
pub use stop::Stopper;
pub use tls::TlsError;
