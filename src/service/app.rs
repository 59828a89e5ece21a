//! What all routes share.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::callers::CallerCheck;
use super::doors::Doors;
use super::metrics::Metrics;
use super::network::TrustedProxies;
use super::problem::Problem;
use super::ready::Readiness;
use super::request::RequestInfo;
use super::settings::ServiceLimits;

/// What all routes share; cheap to clone.
#[derive(Clone)]
pub(super) struct App(Arc<Shared>);

/// See [`App`].
pub(super) struct Shared {
    pub(super) doors: Arc<dyn Doors>,
    pub(super) callers: CallerCheck,
    pub(super) metrics: Metrics,
    pub(super) limits: ServiceLimits,
    pub(super) trusted: TrustedProxies,
    pub(super) places: Arc<Semaphore>,
    pub(super) ready: Readiness,
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
