//! The target: what a product can do, by what its preset declares.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::create::Creation;
use super::link::Link;
use super::plan::{LookupPlan, TargetPlan};
use super::settings::HttpTargetSettings;
use crate::adapters::http::check;
use crate::adapters::http::client::Client;
use crate::adapters::http::error::Failure;
use crate::adapters::http::ping::Pinged;
use crate::adapters::http::preset;
use crate::adapters::http::throttle::Throttle;
use crate::adapters::http::trial;
use crate::adapters::product_rules::ProductRules;
use crate::adapters::registry::Trial;
use crate::model::Password;
use crate::password::Credential;
use crate::ports::{
    AccountState, Authenticated, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId, Found,
    Identifier, NewAccount, PasswordChange, PasswordCheck, PortError, PortErrorKind, SharedLimits, SinceMigration,
    StoreId, StoredAccount, Support, Target, TargetId,
};

/// Stores accounts at a product by its API.
pub struct HttpTarget {
    name: String,
    pub(super) client: Client,
    pub(super) plan: TargetPlan,
    pub(super) rules: ProductRules,
    pub(super) throttle: Throttle,
    pub(super) pinged: Pinged,
    link: Link,
}

impl HttpTarget {
    /// Creates a target; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// If the settings are invalid, as one sentence.
    pub fn open(settings: &HttpTargetSettings, limits: Arc<dyn SharedLimits>, folder: &Path) -> Result<Self, String> {
        let client = Client::open(&settings.server, settings.response_limit, folder);
        let client = client.map_err(|mistake| check::sentence(&[mistake]))?;
        let whole = preset::of_target(settings, folder).map_err(|mistakes| check::sentence(&mistakes))?;
        let plan = TargetPlan::compile(&whole.requests, &settings.server, &whole.params);
        let plan = plan.map_err(|mistakes| check::sentence(&mistakes))?;
        let rules = ProductRules::open(&whole.rules, &whole.rule_params)?;
        let throttle = Throttle::new(limits, &settings.name, &whole.rates);
        let (name, link) = (settings.name.clone(), settings.link);
        Ok(Self { name, client, plan, rules, throttle, pinged: Pinged::default(), link })
    }

    /// Whether accounts that are not ours are linked.
    pub(super) fn links(&self) -> bool {
        self.link == Link::VerifiedEmail
    }

    /// Connects, and gets a token if there is one to get. Writes nothing.
    pub(super) async fn try_out(&self) -> Trial {
        let asked = self.reach(Call::outside_login("check"));
        trial::of(asked, "server", |answer, took| {
            format!("reached by {}, {took} ms; nothing was written", answer.version)
        })
        .await
    }

    fn unsupported<T>(&self, operation: &'static str) -> Result<T, PortError> {
        Err(PortError::new(PortErrorKind::Unsupported, &self.name, operation))
    }

    fn failed(&self, operation: &'static str) -> impl FnOnce(Failure) -> PortError {
        move |failure| failure.of(&self.name, operation)
    }

    async fn find_ours(&self, external: &ExternalId, call: Call<'_>) -> Result<Option<Found>, Failure> {
        match &self.plan.lookup {
            Some(lookup) => self.lookup(lookup, external, call).await,
            None => Err(Failure::new(PortErrorKind::Unsupported, "the target finds no accounts by our id")),
        }
    }
}

/// Never shows the URL.
impl fmt::Debug for HttpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTarget").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target for HttpTarget {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        let password = if self.plan.verify.is_some() { PasswordCheck::Api } else { PasswordCheck::Nothing };
        let tells_state = self.plan.lookup.as_ref().is_some_and(LookupPlan::tells_state);
        let states = if tells_state { Support::Yes } else { Support::No };
        Capabilities { states, ..Capabilities::remote(password) }
    }

    fn takes_hash(&self, credential: &Credential) -> bool {
        self.hash_plan(credential).is_some()
    }

    fn find<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(async { self.unsupported("find") })
    }

    fn find_external<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(async move { self.find_ours(external, call).await.map_err(self.failed("find_external")) })
    }

    fn authenticate<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        Box::pin(async move { self.verify(id, password, call).await.map_err(self.failed("authenticate")) })
    }

    fn create<'a>(&'a self, call: Call<'a>, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        Box::pin(async move {
            let creation = Creation::new(self, call, account).map_err(self.failed("create"))?;
            creation.run().await.map_err(self.failed("create"))
        })
    }

    fn set_password<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        Box::pin(async move { self.set_password_now(id, password, call).await.map_err(self.failed("set_password")) })
    }

    fn delete<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        how: Deletion,
    ) -> BoxFuture<'a, Result<Deleted, PortError>> {
        Box::pin(async move {
            match how {
                Deletion::ForGood => self.delete_now(id, call).await.map_err(self.failed("delete")),
                Deletion::Unchanged { .. } => self.unsupported("delete"),
            }
        })
    }

    /// The product keeps no memory of what was deleted; the ledger does.
    fn reopen<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(async { self.ping_now().await.map(|()| None).map_err(self.failed("ping")) })
    }

    fn read<'a>(&'a self, call: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        Box::pin(async move {
            if self.plan.read.is_none() {
                return self.unsupported("read");
            }
            let found = self.account(id, call).await.map_err(self.failed("read"))?;
            Ok(found.map(|claims| StoredAccount {
                id: id.clone(),
                state: AccountState::Active,
                legacy: None,
                logins: Vec::new(),
                claims,
                rules: None,
                // the product's own, if it has any, are among its members
                created_at: Timestamp::UNIX_EPOCH,
                changed_at: Timestamp::UNIX_EPOCH,
                since_migration: SinceMigration::Unknown,
                change: PasswordChange::Optional,
            }))
        })
    }

    fn list<'a>(
        &'a self,
        _: Call<'a>,
        _: Option<&'a TargetId>,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        Box::pin(async { self.unsupported("list") })
    }
}
