//! One guard around one port.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::ports::{BoxFuture, PortError};

/// Whether a call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// It only reads, so a repeat changes nothing.
    Read,
    /// It writes, or it verifies a password, which legacy systems count; it must not be repeated.
    Once,
}

/// A call as seen by a guard.
#[derive(Debug, Clone, Copy)]
pub struct GuardedCall<'a> {
    /// The name of the adapter in the settings.
    pub adapter: &'a str,
    /// The operation, such as `fetch`.
    pub operation: &'static str,
    /// Whether it may be repeated.
    pub kind: CallKind,
    /// When the answer is no longer needed; `None` for calls outside a login.
    pub deadline: Option<Instant>,
}

impl GuardedCall<'_> {
    /// The deadline, or `at_most` from now if that is earlier.
    #[must_use]
    pub fn until(&self, at_most: Duration) -> Instant {
        let latest = Instant::now() + at_most;
        self.deadline.map_or(latest, |deadline| deadline.min(latest))
    }
}

/// A guard around calls.
pub trait Layer: Send + Sync {
    /// Makes the call, or rejects it.
    fn around<'a, T, M>(
        &'a self,
        call: GuardedCall<'a>,
        make: M,
    ) -> impl Future<Output = Result<T, PortError>> + Send + 'a
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a;

    /// The longest time that it gives one try. Passed on to adapters, so that a database stops a query when nobody waits
    /// for it any more.
    fn limit(&self) -> Option<Duration> {
        None
    }
}

/// A port wrapped in a guard, which implements the same port.
pub struct Guarded<P: ?Sized, L> {
    pub(super) port: Arc<P>,
    pub(super) layer: L,
}

impl<P: ?Sized, L: Layer> Guarded<P, L> {
    /// Wraps a port in a guard.
    #[must_use]
    pub fn new(port: Arc<P>, layer: L) -> Self {
        Self { port, layer }
    }
}
