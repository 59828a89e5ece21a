//! The service operations of a real migrator.

use std::net::IpAddr;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::bridges::Bridges;
use super::metrics::Metrics;
use super::operations::Operations;
use super::reload::RuleReload;
use super::server::{Bound, Served, ServiceError, bind};
use super::settings::ServiceSettings;
use crate::bridge::Bridge;
use crate::callers::Callers;
use crate::migrate::{
    Answer, Handover, Login, Migrator, Profile, ProfileAnswer, ProvisionAnswer, ResetAnswer, SignupAnswer, check_store,
};
use crate::ports::{BoxFuture, Ledger, PortError, StoredAccount, Target, TargetId};

/// A service before it listens.
pub struct Service {
    /// Serves the customers.
    pub migrator: Arc<Migrator>,
    /// The migrator's target, for readiness checks.
    pub target: Arc<dyn Target>,
    /// The migrator's ledger, for readiness checks.
    pub ledger: Arc<dyn Ledger>,
    /// The callers; `None` admits everybody, and the service then listens on loopback only.
    pub callers: Option<Arc<Callers>>,
    /// The bridges.
    pub bridges: Vec<Bridge>,
    /// The metrics. The migrator's observer should be a [`Telemetry`](super::Telemetry) with the same metrics.
    pub metrics: Metrics,
    /// The rules to reload when their files change: those of each legacy system.
    pub reload: Vec<RuleReload>,
    /// Listening address and limits.
    pub settings: ServiceSettings,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Service {
    /// Binds the address and reads the certificate. Nothing is answered until the service runs.
    ///
    /// # Errors
    /// [`ServiceError`] if the address cannot be bound, it would be open to everybody, or the certificate cannot be
    /// used.
    pub fn bind(self) -> Result<Bound, ServiceError> {
        let Self { migrator, target, ledger, callers, bridges, metrics, reload, settings } = self;
        let operations = Arc::new(Live { migrator, target, ledger });
        let bridges = Bridges::new(bridges);
        bind(Served { operations, callers, metrics, reload, bridges }, settings)
    }
}

/// The operations of a real migrator.
struct Live {
    migrator: Arc<Migrator>,
    target: Arc<dyn Target>,
    ledger: Arc<dyn Ledger>,
}

impl Operations for Live {
    fn login(&self, login: Login) -> BoxFuture<'_, Answer> {
        Box::pin(self.migrator.login(login))
    }

    fn hand_over<'a>(&'a self, login: Login, handover: &'a Handover) -> BoxFuture<'a, (Answer, Option<Profile>)> {
        Box::pin(self.migrator.hand_over(login, handover))
    }

    fn profile<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
        tenant: Option<String>,
        handover: &'a Handover,
    ) -> BoxFuture<'a, ProfileAnswer> {
        Box::pin(self.migrator.profile(request_id, identifier, network, tenant, handover))
    }

    fn provision<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
        tenant: Option<String>,
    ) -> BoxFuture<'a, ProvisionAnswer> {
        Box::pin(self.migrator.provision(request_id, identifier, network, tenant))
    }

    fn signup_check<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
    ) -> BoxFuture<'a, SignupAnswer> {
        Box::pin(self.migrator.signup_check(request_id, identifier, network))
    }

    fn forgot_password<'a>(
        &'a self,
        request_id: &'a str,
        identifier: &'a str,
        network: Option<IpAddr>,
        tenant: Option<String>,
    ) -> BoxFuture<'a, ResetAnswer> {
        Box::pin(self.migrator.forgot_password(request_id, identifier, network, tenant))
    }

    fn serves_tenant(&self, tenant: &str) -> bool {
        self.migrator.serves_tenant(tenant)
    }

    fn account<'a>(
        &'a self,
        request_id: &'a str,
        id: &'a TargetId,
    ) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        Box::pin(self.migrator.account(request_id, id))
    }

    fn set_password<'a>(
        &'a self,
        request_id: &'a str,
        id: &'a TargetId,
        password: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        Box::pin(self.migrator.set_password(request_id, id, password))
    }

    fn password_was_set<'a>(&'a self, request_id: &'a str, id: &'a TargetId) -> BoxFuture<'a, Result<bool, PortError>> {
        Box::pin(self.migrator.password_was_set(request_id, id))
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(check_store(&*self.ledger, &*self.target))
    }
}
