//! What all routes share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::connections::Room;
use super::metrics::Metrics;
use super::network::{Peers, TrustedProxies};
use super::operations::Operations;
use super::problem::Problem;
use super::ready::Readiness;
use super::request::RequestInfo;
use super::settings::ServiceLimits;
use super::stop::Stopper;
use crate::guard::Callers;

/// What all routes share; cheap to clone.
#[derive(Clone)]
pub(super) struct App(Arc<Shared>);

/// See [`App`].
pub(super) struct Shared {
    pub(super) operations: Arc<dyn Operations>,
    /// None admits everybody, and the service then listens on loopback only.
    pub(super) callers: Option<Arc<Callers>>,
    pub(super) metrics: Metrics,
    pub(super) limits: ServiceLimits,
    pub(super) trusted: TrustedProxies,
    /// Places of requests whose caller is known.
    pub(super) places: Arc<Semaphore>,
    /// Places of requests whose caller is not known before their body is there.
    pub(super) unverified: Arc<Room>,
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

    /// Who calls: with callers in the settings nobody but backends gets this far.
    pub(super) fn peers(&self) -> Peers {
        if self.callers.is_some() { Peers::Callers } else { Peers::Customers }
    }

    /// Waits until no work is being done any more, which goes on when its caller hangs up.
    pub(super) async fn idle(&self) {
        let all = u32::try_from(self.limits.requests).unwrap_or(u32::MAX);
        // Nobody closes the places.
        drop(self.places.acquire_many(all).await);
    }

    /// Does the work to its end even when the caller hangs up, so that nobody can interrupt a migration or free a place
    /// before its work is done. A panic becomes [`Problem::INTERNAL`].
    pub(super) async fn to_the_end<T, F>(&self, info: &RequestInfo, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let place = info.place.clone();
        let task = tokio::spawn(async move {
            let _held = place;
            work.await
        });
        task.await.map_err(|_| {
            self.metrics.panicked();
            Problem::INTERNAL
        })
    }
}
