//! State shared by all routes.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::bridges::Bridges;
use super::connections::Slots;
use super::metrics::Metrics;
use super::network::{Peers, TrustedProxies};
use super::operations::Operations;
use super::problem::Problem;
use super::ready::Readiness;
use super::request::RequestInfo;
use super::settings::ServiceLimits;
use super::stop::Stopper;
use crate::callers::Callers;

/// State shared by all routes; cheap to clone.
#[derive(Clone)]
pub(super) struct App(Arc<Shared>);

/// See [`App`].
pub(super) struct Shared {
    pub(super) operations: Arc<dyn Operations>,
    /// `None` admits everybody; the service then listens on loopback only.
    pub(super) callers: Option<Arc<Callers>>,
    pub(super) metrics: Metrics,
    pub(super) limits: ServiceLimits,
    pub(super) trusted: TrustedProxies,
    /// Permits for requests whose caller is authenticated.
    pub(super) permits: Arc<Semaphore>,
    /// Slots for requests whose caller is only known once the body is read.
    pub(super) unverified: Arc<Slots>,
    pub(super) bridges: Bridges,
    pub(super) ready: Readiness,
    pub(super) stopper: Stopper,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Who connects: with callers or bridges in the settings, only backends get this far.
    pub(super) fn peers(&self) -> Peers {
        if self.callers.is_some() || !self.bridges.is_empty() { Peers::Callers } else { Peers::Customers }
    }

    /// Waits until all work is done, including work whose caller has hung up.
    pub(super) async fn idle(&self) {
        let all = u32::try_from(self.limits.requests).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        drop(self.permits.acquire_many(all).await);
    }

    /// Runs the work to completion even if the caller hangs up, so that nobody can interrupt a migration or free a
    /// permit before its work is done. A panic becomes [`Problem::INTERNAL`].
    pub(super) async fn to_completion<T, F>(&self, info: &RequestInfo, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let permit = info.permit.clone();
        let task = tokio::spawn(async move {
            let _held = permit;
            work.await
        });
        task.await.map_err(|_| {
            self.metrics.panicked();
            Problem::INTERNAL
        })
    }
}
