//! A memory of signed calls with a time limit.

use std::sync::Arc;
use std::time::Duration;

use super::figures::GuardFigures;
use super::layer::{CallKind, Guarded, GuardedCall, Layer};
use super::timed::Timed;
use crate::ports::{BoxFuture, Fresh, Nonce, Nonces, PortError};

impl<L: Layer> Nonces for Guarded<dyn Nonces, L> {
    fn remember<'a>(&'a self, nonce: &'a Nonce) -> BoxFuture<'a, Result<Fresh, PortError>> {
        let call = GuardedCall { adapter: "ledger", operation: "remember", kind: CallKind::Once, deadline: None };
        Box::pin(self.layer.around(call, move || self.port.remember(nonce)))
    }
}

/// Wraps a memory of signed calls so that it answers in time or fails.
#[must_use]
pub fn guarded_nonces(nonces: Arc<dyn Nonces>, at_most: Duration) -> Arc<dyn Nonces> {
    Arc::new(Guarded::new(nonces, Timed::new(at_most, GuardFigures::default())))
}
