//! Guards around ports: time limit, one retry, circuit breaker and concurrency limit. Adapters contain none of these.
//!
//! Every guard is a [`Layer`]; [`Guarded`] wraps a port in one and implements the same port. [`guarded_source`],
//! [`guarded_verifier`] and [`guarded_target`] stack them:
//!
//! ```text
//! cap → breaker → retry → time limit → adapter
//! ```
//!
//! * The **time limit** is innermost: every try is bounded, and a try that is too slow is a failure to all other
//!   guards.
//! * The **retry** wraps it, so that a try that was too slow may be repeated while the login has time.
//! * The **breaker** wraps the retry: it counts calls after retries, and while it is open nothing is tried or retried.
//! * The **cap** is outermost: its queue is our own load and not a fault of the adapter, so the breaker must not count
//!   it.

mod breaker;
mod capped;
mod figures;
mod layer;
mod ledger;
mod ports;
mod retried;
mod settings;
mod stack;
mod timed;

#[cfg(test)]
mod tests;

pub use breaker::{Breaker, BreakerLayer, BreakerState};
pub use capped::Capped;
pub use figures::GuardFigures;
pub use layer::{CallKind, Guarded, GuardedCall, Layer};
pub use retried::{Retried, RetryBudget};
pub use settings::{BreakerSettings, GuardSettings};
pub use stack::{guarded_ledger, guarded_nonces, guarded_outbox, guarded_source, guarded_target, guarded_verifier};
pub use timed::Timed;
