//! What stands around a port, so that adapters hold no such code: time limits, one retry, a circuit breaker, a cap; and who
//! may call the service.
//!
//! Every guard is a [`Layer`]; [`Guarded`] puts one around a port and is that port again. [`guarded_source`],
//! [`guarded_verifier`] and [`guarded_target`] stack them:
//!
//! ```text
//! cap → breaker → retry → time limit → adapter
//! ```
//!
//! * The **time limit** is innermost: every single try is bounded, and one that is too slow is a failure that all others see.
//! * The **retry** is around it, so that a try that was too slow may be tried again while the login has time.
//! * The **breaker** is around the retry: it counts what is left of a call after the retry, and while it is open nothing is
//!   tried and nothing is retried.
//! * The **cap** is outermost: its waiting line is our own load and no fault of the adapter, so the breaker must not count it.

mod breaker;
mod callers;
mod capped;
mod figures;
mod layer;
mod nonces;
mod ports;
mod retried;
mod settings;
mod signature;
mod signed_call;
mod stack;
mod timed;

#[cfg(test)]
mod tests;

pub use breaker::{Breaker, BreakerLayer, BreakerState};
pub use callers::{Admission, Caller, CallerCredential, CallerError, CallerHead, Callers, Introduction, Signer};
pub use capped::Capped;
pub use figures::GuardFigures;
pub use layer::{Call, CallKind, Guarded, Layer};
pub use nonces::guarded_nonces;
pub use retried::{Retried, RetryBudget};
pub use settings::{BreakerSettings, GuardSettings};
pub use signature::{Signature, SigningKey, SigningKeyError};
pub use signed_call::{SignedCall, SignedRequest};
pub use stack::{guarded_ledger, guarded_source, guarded_target, guarded_verifier};
pub use timed::Timed;
