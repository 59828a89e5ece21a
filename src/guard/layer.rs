//! One guard around one port.

use std::sync::Arc;

use tokio::time::Instant;

use crate::migrate::{BoxFuture, PortError};

/// Whether a call may be made a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// It only reads: a second one changes nothing.
    Read,
    /// It writes, or it verifies a password, which legacy systems count: never a second one.
    Once,
}

/// A call as a guard sees it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The adapter's name in the settings.
    pub adapter: &'a str,
    /// What is tried, such as `fetch`.
    pub operation: &'static str,
    /// Whether it may be tried again.
    pub kind: CallKind,
    /// When the answer is no longer wanted; none for calls outside a login.
    pub deadline: Option<Instant>,
}

impl Call<'_> {
    /// The earlier of the deadline and so long from now.
    #[must_use]
    pub fn until(&self, at_most: std::time::Duration) -> Instant {
        let latest = Instant::now() + at_most;
        self.deadline.map_or(latest, |deadline| deadline.min(latest))
    }
}

/// Something that stands around calls.
pub trait Layer: Send + Sync {
    /// Makes the call, or does not.
    fn around<'a, T, M>(&'a self, call: Call<'a>, make: M) -> impl Future<Output = Result<T, PortError>> + Send + 'a
    where
        T: Send + 'a,
        M: Fn() -> BoxFuture<'a, Result<T, PortError>> + Send + Sync + 'a;
}

/// A port with a guard around it, which is that port again.
pub struct Guarded<P: ?Sized, L> {
    pub(super) port: Arc<P>,
    pub(super) layer: L,
}

impl<P: ?Sized, L: Layer> Guarded<P, L> {
    /// Puts a guard around a port.
    #[must_use]
    pub fn new(port: Arc<P>, layer: L) -> Self {
        Self { port, layer }
    }
}
