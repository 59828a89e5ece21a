//! The target: what a SCIM service can do.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex as PlainMutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::api::Api;
use super::change::{Change, Changed, When};
use super::create::Creation;
use super::discovery::{Abilities, Discovery};
use super::ids::{IdAttribute, Ids};
use super::password::PasswordIn;
use super::search::Filters;
use super::settings::ScimSettings;
use super::shape::{Shaped, shape};
use crate::adapters::http::check;
use crate::adapters::http::client::Client;
use crate::adapters::http::error::Failure;
use crate::adapters::http::password::{new_password, refused_by_policy};
use crate::adapters::http::ping::Pinged;
use crate::adapters::http::throttle::Throttle;
use crate::adapters::product_rules::ProductRules;
use crate::model::Password;
use crate::ports::{
    AccountState, Authenticated, Authentication, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId,
    Found, Identifier, NewAccount, PasswordCheck, PortError, PortErrorKind, SharedLimits, StoreId, StoredAccount,
    Support, Target, TargetId, Verifier, Work,
};

/// How long the removal of a second user may take.
pub(super) const CLEAN_UP: Duration = Duration::from_secs(30);

/// Stores accounts at a SCIM service.
pub struct ScimTarget {
    name: String,
    pub(super) api: Arc<Api>,
    pub(super) rules: ProductRules,
    pub(super) discovery: Discovery,
    pub(super) filters: Filters,
    pub(super) ids: Ids,
    pub(super) password_in: PasswordIn,
    pub(super) checks_unique: bool,
    pub(super) scan_limit: usize,
    verifier: Option<Arc<dyn Verifier>>,
    reported: PlainMutex<BTreeSet<String>>,
    pinged: Pinged,
}

impl ScimTarget {
    /// Creates a target; connects to nothing. Paths are relative to the folder.
    ///
    /// # Errors
    /// If the settings are invalid, as one sentence.
    pub fn open(settings: &ScimSettings, limits: Arc<dyn SharedLimits>, folder: &Path) -> Result<Self, String> {
        let client = Client::open(&settings.server, settings.response_limit, folder);
        let client = client.map_err(|mistake| check::sentence(&[mistake]))?;
        let throttle = Throttle::new(limits, &settings.name, &settings.rates);
        let attribute = IdAttribute::parse(&settings.id_attribute);
        let attribute = attribute.ok_or("`id_attribute` is not an attribute that can have an id")?;
        Ok(Self {
            name: settings.name.clone(),
            api: Arc::new(Api { client, throttle }),
            rules: ProductRules::open(&settings.rules_file(folder), &settings.rule_params)?,
            discovery: if settings.discover { Discovery::new() } else { Discovery::off() },
            filters: Filters::default(),
            ids: Ids::new(attribute),
            password_in: settings.password,
            checks_unique: settings.check_unique,
            scan_limit: usize::try_from(settings.scan_limit).unwrap_or(usize::MAX),
            verifier: None,
            reported: PlainMutex::default(),
            pinged: Pinged::default(),
        })
    }

    /// Lets another system verify passwords.
    #[must_use]
    pub fn with_verifier(self, verifier: Arc<dyn Verifier>) -> Self {
        Self { verifier: Some(verifier), ..self }
    }

    pub(super) fn name_in_settings(&self) -> &str {
        &self.name
    }

    /// What the service can do.
    pub(super) async fn abilities(&self) -> Result<Arc<Abilities>, Failure> {
        self.discovery.abilities(&self.api).await
    }

    /// A user in the shape of the service. What it does not know is reported once.
    pub(super) fn shaped(&self, user: Map<String, Json>, abilities: &Abilities) -> Result<Map<String, Json>, Failure> {
        let Some(schemas) = &abilities.schemas else { return Ok(user) };
        let Shaped { user, left_out, missing } = shape(user, schemas);
        if let Some(missing) = missing.first() {
            let detail = format!("the service requires `{missing}`, which the rules of the target do not make");
            return Err(Failure::of_one_record(detail));
        }
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        for attribute in left_out {
            if !reported.contains(&attribute) {
                tracing::warn!(
                    target = self.name,
                    attribute,
                    "the target does not know an attribute that its rules make; it is left out"
                );
                reported.insert(attribute);
            }
        }
        Ok(user)
    }

    fn failed(&self, operation: &'static str) -> impl FnOnce(Failure) -> PortError {
        move |failure| failure.of(&self.name, operation)
    }

    fn unsupported<T>(&self, operation: &'static str) -> Result<T, PortError> {
        Err(PortError::new(PortErrorKind::Unsupported, &self.name, operation))
    }

    async fn found(&self, external: &ExternalId, call: Call<'_>) -> Result<Option<Found>, Failure> {
        let Some(user) = self.ours(&external.0, call).await? else { return Ok(None) };
        let (id, state) = (user.id()?, user.state(self.password_in));
        Ok(Some(Found { id, external_id: Some(external.clone()), state }))
    }

    async fn set(&self, id: &TargetId, password: &Password, call: Call<'_>) -> Result<Option<TargetId>, Failure> {
        let password = new_password(password)?;
        let (mut active, mut version) = (None, None);
        if self.password_in == PasswordIn::Patch {
            let Some(user) = self.user(id, call).await? else { return Ok(None) };
            active = (user.state(self.password_in) == AccountState::Pending).then_some(true);
            version = user.version().map(str::to_owned);
        }
        let change = Change { password: Some(password), active, when: When::Always };
        match self.change(id, &change, version.as_deref(), call, call.deadline).await? {
            Changed::Done => Ok(Some(id.clone())),
            Changed::Missing | Changed::Overtaken => Ok(None),
            Changed::Refused(_) => Err(refused_by_policy()),
        }
    }

    /// Whether the service works: asked at most every ten seconds. What it can do is read on the way, before the first login.
    async fn ping_now(&self) -> Result<(), Failure> {
        let ask = |call| async move {
            self.abilities().await?;
            let answer = self.api.get(&["ServiceProviderConfig"], &[], call).await?;
            // a service need not have the endpoint
            if matches!(answer.status, 200 | 404 | 405 | 501) { Ok(()) } else { Err(answer.failure()) }
        };
        self.pinged.or_ask(ask).await
    }
}

/// Never shows the URL.
impl fmt::Debug for ScimTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimTarget").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Target for ScimTarget {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        let password = if self.verifier.is_some() { PasswordCheck::Api } else { PasswordCheck::Nothing };
        let states = if self.password_in == PasswordIn::Patch { Support::Yes } else { Support::No };
        Capabilities { states, ..Capabilities::remote(password) }
    }

    fn find<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(async { self.unsupported("find") })
    }

    fn find_external<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        Box::pin(async move { self.found(external, call).await.map_err(self.failed("find_external")) })
    }

    fn authenticate<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        Box::pin(async move {
            match &self.verifier {
                Some(verifier) => self.verify(&**verifier, id, password, call).await,
                None => Ok(Authenticated { verdict: Authentication::Unusable, work: Work::Nothing }),
            }
        })
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
        Box::pin(async move { self.set(id, password, call).await.map_err(self.failed("set_password")) })
    }

    fn delete<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        how: Deletion,
    ) -> BoxFuture<'a, Result<Deleted, PortError>> {
        Box::pin(async move {
            match how {
                Deletion::ForGood => self.remove(id, call, call.deadline).await.map_err(self.failed("delete")),
                Deletion::Unchanged { .. } => self.unsupported("delete"),
            }
        })
    }

    /// The service keeps no memory of what was deleted; the ledger does.
    fn reopen<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(async { self.ping_now().await.map(|()| None).map_err(self.failed("ping")) })
    }

    fn read<'a>(&'a self, call: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        Box::pin(async move {
            let user = self.user(id, call).await.map_err(self.failed("read"))?;
            user.map(|user| user.account(self.password_in)).transpose().map_err(self.failed("read"))
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
