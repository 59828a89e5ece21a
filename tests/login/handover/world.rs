//! An identity provider that asks, over both ledgers.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use landfall::adapters::memory::{MemoryLedger, MemoryTarget};
use landfall::adapters::registry::{self, LedgerContext, Opening, TargetContext, TargetSettings};
use landfall::migrate::{
    Challenge, Customer, Handover, Login, Migrator, MigratorParts, Outcome, ProfileAnswer, Profiles, Writer,
};
use landfall::ports::{
    AuditFilter, Capabilities, Entry, EventKind, Ledger, Outbox, PasswordChange, PasswordCheck, Reports, Subscription,
    Support, Target, TargetId,
};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::fixture::{Fixture, Options, hasher, key};

/// How long the provider may ask again.
pub const REPEAT: Duration = Duration::from_secs(600);

/// Makes a profile of everything that it is given, and none for the customer with this name.
pub struct Everything;

/// The customer for whom the rules of the bridge make nothing.
pub const UNFIT: &str = "unfit";

impl Profiles for Everything {
    fn profile(&self, customer: &Customer<'_>, _: &Map<String, Value>) -> Result<Zeroizing<String>, String> {
        let claims: Value = serde_json::from_str(customer.claims).unwrap();
        if claims["username"] == UNFIT {
            return Err("the rules make no account".to_owned());
        }
        let profile = json!({
            "id": customer.external_id.0,
            "legacy": customer.legacy.map(|key| key.id.clone()),
            "logins": customer.logins,
            "claims": claims,
            "must_change": customer.change == PasswordChange::Required,
        });
        Ok(Zeroizing::new(profile.to_string()))
    }
}

/// How customers are handed over to a provider that stores what it is given.
pub fn handover() -> Handover {
    Handover {
        writer: Writer::Caller,
        provider: String::new(),
        customer: None,
        knows_account: false,
        profiles: Some(Arc::new(Everything)),
        facts: Map::new(),
        repeat: REPEAT,
        deadline: Duration::from_secs(20),
    }
}

/// What the provider was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Handed {
    pub outcome: Outcome,
    pub account: Option<TargetId>,
    pub change: PasswordChange,
    pub profile: Option<Value>,
}

/// A service that an identity provider asks.
pub struct World {
    pub fixture: Fixture,
    pub migrator: Arc<Migrator>,
    pub ledger: Arc<dyn Ledger>,
    pub target: Arc<dyn Target>,
    pub handover: Handover,
    pub outbox: Arc<dyn Outbox>,
    /// Of the ledger in a file.
    pub reports: Option<Arc<dyn Reports>>,
    pub _folder: tempfile::TempDir,
}

impl std::ops::Deref for World {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.fixture
    }
}

/// The target of a service that hands over.
async fn nowhere() -> Arc<dyn Target> {
    let settings: TargetSettings = serde_json::from_value(json!({ "handover": {} })).unwrap();
    let limits = Arc::new(MemoryLedger::new());
    let context = TargetContext { folder: Path::new(""), hasher: hasher(), may_create: true, limits };
    settings.adapter().open(context).await.unwrap()
}

/// A product behind an API at which accounts can be made, and whose passwords nobody verifies for us. It may tell accounts
/// without a password from others.
pub fn product(states: Support) -> Arc<MemoryTarget> {
    let capabilities =
        Capabilities { states, unique_external_id: Support::Yes, ..Capabilities::remote(PasswordCheck::Nothing) };
    Arc::new(MemoryTarget::new("product", hasher()).with_capabilities(capabilities))
}

impl World {
    /// With the ledger in memory.
    pub async fn in_memory(target: Option<Arc<MemoryTarget>>) -> Self {
        let fixture = Fixture::new();
        let (ledger, outbox) = (fixture.ledger.clone() as Arc<dyn Ledger>, fixture.ledger.clone() as Arc<dyn Outbox>);
        Self::of(fixture, ledger, outbox, None, target).await
    }

    /// With the ledger in a file.
    pub async fn in_file(target: Option<Arc<MemoryTarget>>) -> Self {
        let (fixture, folder) = (Fixture::new(), tempfile::tempdir().unwrap());
        let keyring = Arc::clone(&fixture.keyring);
        let context =
            LedgerContext { url: "sqlite:ledger.db", folder: folder.path(), keyring, opening: Opening::Trusted };
        let open = registry::open_ledger(context).await.unwrap();
        Self { _folder: folder, ..Self::of(fixture, open.ledger, open.outbox, Some(open.reports), target).await }
    }

    async fn of(
        fixture: Fixture,
        ledger: Arc<dyn Ledger>,
        outbox: Arc<dyn Outbox>,
        reports: Option<Arc<dyn Reports>>,
        target: Option<Arc<MemoryTarget>>,
    ) -> Self {
        let target = match target {
            Some(target) => target as Arc<dyn Target>,
            None => nowhere().await,
        };
        let _folder = tempfile::tempdir().unwrap();
        let migrator = process(&fixture, &ledger, &target, |_| {});
        Self { fixture, migrator, ledger, target, handover: handover(), outbox, reports, _folder }
    }

    /// Another process on the same ledger, or the same one with other parts.
    pub fn process(&self, change: impl FnOnce(&mut MigratorParts)) -> Arc<Migrator> {
        process(&self.fixture, &self.ledger, &self.target, change)
    }

    /// The same with other settings.
    pub fn process_with(&self, options: Options) -> Arc<Migrator> {
        self.fixture.migrator_with(options, |parts| {
            (parts.ledger, parts.target) = (Arc::clone(&self.ledger), Arc::clone(&self.target));
        })
    }

    /// A login at the provider.
    pub async fn ask(&self, login: &str, password: &str) -> Handed {
        hand_over(&self.migrator, &self.handover, login, password).await
    }

    /// What becomes of it.
    pub async fn outcome(&self, login: &str, password: &str) -> Outcome {
        self.ask(login, password).await.outcome
    }

    /// The profile that the provider gets without a password.
    pub async fn profile(&self, login: &str) -> Option<Value> {
        self.profile_from(login, None).await
    }

    /// The same for a customer at an address.
    pub async fn profile_from(&self, login: &str, network: Option<IpAddr>) -> Option<Value> {
        match self.migrator.profile("r1", login, network, None, &self.handover).await {
            ProfileAnswer::Known(profile) => Some(serde_json::from_str(&profile.0).unwrap()),
            ProfileAnswer::Unknown => None,
            ProfileAnswer::Unavailable(_) => panic!("{login}: unavailable"),
        }
    }

    /// The ledger's entry of a customer.
    pub async fn entry(&self, name: &str) -> Option<Entry> {
        self.ledger.entry(&key(name)).await.unwrap()
    }

    /// How many decisions had an outcome.
    pub async fn decisions(&self, outcome: &str) -> usize {
        match &self.reports {
            Some(reports) => {
                let filter = AuditFilter { outcome: Some(outcome.to_owned()), ..AuditFilter::default() };
                reports.audit(filter, 10_000).await.unwrap().len()
            }
            None => self.fixture.ledger.decisions().iter().filter(|one| one.outcome.name() == outcome).count(),
        }
    }

    /// How many events of a kind there were so far.
    pub async fn events(&self, kind: EventKind) -> usize {
        let told = Subscription::new("write_back:shop", &[EventKind::WriteBack]);
        let all = [Subscription::new("all", &EventKind::ALL), Subscription { source: Some("shop".into()), ..told }];
        self.outbox.route(&all, Timestamp::MAX, 1000).await.unwrap();
        let mut count = 0;
        for subscription in &all {
            let due = self.outbox.due(subscription, Timestamp::MAX, Duration::ZERO, 1000).await.unwrap();
            count += due.iter().filter(|one| one.event.kind == kind).count();
        }
        count
    }

    /// Later, at the end of the time for repeats.
    pub fn after_repeats(&self) {
        self.fixture.clock.advance(601);
    }
}

fn process(
    fixture: &Fixture,
    ledger: &Arc<dyn Ledger>,
    target: &Arc<dyn Target>,
    change: impl FnOnce(&mut MigratorParts),
) -> Arc<Migrator> {
    fixture.migrator_with(Options::default(), |parts| {
        (parts.ledger, parts.target) = (Arc::clone(ledger), Arc::clone(target));
        change(parts);
    })
}

/// A login at a provider that asks a process.
pub async fn hand_over(migrator: &Migrator, handover: &Handover, login: &str, password: &str) -> Handed {
    hand_over_at(migrator, handover, login, password, None).await
}

/// The same for a customer of a tenant.
pub async fn hand_over_at(
    migrator: &Migrator,
    handover: &Handover,
    login: &str,
    password: &str,
    tenant: Option<&str>,
) -> Handed {
    let login = Login {
        request_id: "r1".to_owned(),
        identifier: login.to_owned(),
        password: Zeroizing::new(password.as_bytes().to_vec()),
        network: None,
        challenge: Challenge::None,
        tenant: tenant.map(str::to_owned),
    };
    let (answer, profile) = migrator.hand_over(login, handover).await;
    let profile = profile.map(|profile| serde_json::from_str(&profile.0).unwrap());
    Handed { outcome: answer.outcome, account: answer.account, change: answer.change, profile }
}

/// Runs a test over the ledger in memory and the one in a file.
pub async fn over_both_ledgers(test: impl AsyncFn(World)) {
    test(World::in_memory(None).await).await;
    test(World::in_file(None).await).await;
}

/// The same with a product as the target, once for each that tells accounts without a password from others, and once for
/// each that does not.
pub async fn over_products(test: impl AsyncFn(World, Arc<MemoryTarget>)) {
    for states in [Support::Yes, Support::No] {
        let target = product(states);
        test(World::in_memory(Some(Arc::clone(&target))).await, target).await;
        let target = product(states);
        test(World::in_file(Some(Arc::clone(&target))).await, target).await;
    }
}
