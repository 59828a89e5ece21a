//! A migrator with in-memory adapters, and customers to sign in.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use landfall::adapters::memory::MemoryLedger;
use landfall::adapters::memory::MemorySource;
use landfall::adapters::memory::MemoryTarget;
use landfall::adapters::stored_hash::StoredHashVerifier;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::run::Settings;
use landfall::hashing::{HashCalls, Hasher};
use landfall::migrate::{
    Answer, Challenge, LegacySystem, LiveRules, Login, Migrator, MigratorParts, MigratorSettings, Observer, Outcome,
    RuleSet, Step, Verifiers,
};
use landfall::password::lane::{Lane, LaneSettings};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters};
use landfall::password::{Credential, Limits};
use landfall::ports::{
    Call, Clock, Event, EventKind, Hooks, IdentifierProfile, Keyring, LegacyKey, NoHooks, Outbox as _, Source,
    Subscription, TargetId,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

pub const RULES: &str = r#"
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login, $.mail ]
admit:
  - { deny: blocked, when: { $.blocked: true } }
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ email ], on_error: reject }
  email.verified: true
  status: { from: $.state, default: active }
  tags: { from: $facts.added.tags }
credential:
  scheme: [ md5, bcrypt ]
  value: $.password
"#;

/// A clock that stands still until it is advanced.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// The debug text of all observed steps: leaked values would show up here.
#[derive(Debug, Default)]
pub struct RecordedSteps(pub Mutex<Vec<String>>);

impl Observer for RecordedSteps {
    fn step(&self, request_id: &str, step: &Step<'_>) {
        self.0.lock().unwrap().push(format!("{request_id} {step:?}"));
    }
}

/// A migrator and its environment.
pub struct Fixture {
    pub migrator: Arc<Migrator>,
    pub world: World,
}

impl std::ops::Deref for Fixture {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

pub struct World {
    pub source: Arc<MemorySource>,
    pub target: Arc<MemoryTarget>,
    pub ledger: Arc<MemoryLedger>,
    pub hasher: Arc<Hasher>,
    pub clock: Arc<TestClock>,
    pub steps: Arc<RecordedSteps>,
    pub keyring: Arc<Keyring>,
}

/// The settings of a test.
pub struct Options {
    pub settings: MigratorSettings,
    pub hooks: Arc<dyn Hooks>,
    pub rules: &'static str,
    pub unique_logins: bool,
}

impl Default for Options {
    fn default() -> Self {
        let settings = MigratorSettings {
            floor: Duration::ZERO,
            quantum: Duration::ZERO,
            deadline: Duration::from_secs(20),
            ..MigratorSettings::default()
        };
        Self { settings, hooks: Arc::new(NoHooks), rules: RULES, unique_logins: false }
    }
}

pub fn rule_set(text: &str) -> RuleSet {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("rules.yaml".to_owned(), text.to_owned());
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    let plan = plan.unwrap_or_else(|| panic!("{:?}", findings.sorted()));
    RuleSet::new(plan, Settings::default(), "rules-1").unwrap()
}

pub fn hasher() -> Arc<Hasher> {
    let lane = Lane::start(LaneSettings { queue: 100_000, ..LaneSettings::default() }).unwrap();
    let store = PasswordStore::new(StoreParameters::new(8, 1, 1).unwrap(), Peppers::none());
    let profile = Credential::encoded("md5", md5("profile"));
    Arc::new(Hasher::new(lane, store, Limits::default(), &profile).unwrap())
}

impl World {
    fn new() -> Self {
        let hasher = hasher();
        let keyring = Arc::new(Keyring::new(&[7; 32]).unwrap());
        Self {
            source: Arc::new(MemorySource::new("shop", IdentifierProfile::default())),
            target: Arc::new(MemoryTarget::new("accounts", Arc::clone(&hasher))),
            ledger: Arc::new(MemoryLedger::new()),
            clock: Arc::new(TestClock(AtomicI64::new(1_760_000_000))),
            steps: Arc::new(RecordedSteps::default()),
            hasher,
            keyring,
        }
    }

    /// A migrator in this environment; several of them act as several processes.
    pub fn migrator(&self, options: Options) -> Arc<Migrator> {
        self.migrator_with(options, |_| {})
    }

    /// A migrator in this environment with another source.
    pub fn migrator_from(&self, source: Arc<dyn Source>, options: Options) -> Arc<Migrator> {
        self.migrator_with(options, |parts| parts.legacy.source = source)
    }

    /// A migrator in this environment with other parts.
    pub fn migrator_with(&self, options: Options, change: impl FnOnce(&mut MigratorParts)) -> Arc<Migrator> {
        let mut parts = MigratorParts {
            legacy: LegacySystem {
                unique_logins: options.unique_logins,
                ..LegacySystem::new(
                    self.source.clone(),
                    Verifiers::only(Arc::new(StoredHashVerifier::new(Arc::clone(&self.hasher)))),
                    Arc::new(LiveRules::new(rule_set(options.rules))),
                )
            },
            more: Vec::new(),
            target: self.target.clone(),
            ledger: self.ledger.clone(),
            clock: self.clock.clone(),
            hasher: Arc::clone(&self.hasher),
            hooks: options.hooks,
            observer: self.steps.clone(),
            keyring: Arc::clone(&self.keyring),
        };
        change(&mut parts);
        Arc::new(Migrator::new(parts, options.settings))
    }

    /// Adds a customer to the legacy system.
    pub fn legacy(&self, record: &Value) {
        let logins: Vec<&str> = ["login", "mail"].iter().filter_map(|key| record[*key].as_str()).collect();
        self.source.insert(&logins, record.to_string()).unwrap();
    }

    /// Runs some work and returns the number of hashes it computed.
    pub async fn hashes<T>(&self, work: impl Future<Output = T>) -> (T, HashCalls) {
        let before = self.hasher.calls();
        let done = work.await;
        let after = self.hasher.calls();
        (done, HashCalls { legacy: after.legacy - before.legacy, target: after.target - before.target })
    }
}

impl Fixture {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let world = World::new();
        Self { migrator: world.migrator(options), world }
    }

    pub async fn login(&self, identifier: &str, password: &str) -> Answer {
        login(&self.migrator, identifier, password).await
    }

    pub async fn outcome(&self, identifier: &str, password: &str) -> Outcome {
        self.login(identifier, password).await.outcome
    }

    /// All events that are not sent yet.
    pub async fn events(&self) -> Vec<Event> {
        let all = [Subscription::new("all", &EventKind::ALL)];
        self.ledger.route(&all, Timestamp::MAX, 1000).await.unwrap();
        let due = self.ledger.due(&all[0], Timestamp::MAX, Duration::ZERO, 1000).await.unwrap();
        due.into_iter().map(|outgoing| outgoing.event).collect()
    }

    /// All accounts at the target.
    pub async fn accounts(&self) -> Vec<landfall::ports::StoredAccount> {
        use landfall::ports::Target as _;
        self.target.list(Call::outside_login("r1"), None, 1_000_000).await.unwrap()
    }

    pub async fn account(&self, id: &TargetId) -> Value {
        let account = self.migrator.account("r1", id).await.unwrap().unwrap();
        serde_json::from_str(&account.claims).unwrap()
    }
}

pub async fn login(migrator: &Migrator, identifier: &str, password: &str) -> Answer {
    login_from(migrator, identifier, password, None).await
}

pub async fn login_from(migrator: &Migrator, identifier: &str, password: &str, network: Option<IpAddr>) -> Answer {
    challenged(migrator, identifier, password, network, Challenge::None).await
}

pub async fn challenged(
    migrator: &Migrator,
    identifier: &str,
    password: &str,
    network: Option<IpAddr>,
    challenge: Challenge,
) -> Answer {
    let login = Login {
        request_id: "r1".to_owned(),
        identifier: identifier.to_owned(),
        password: Zeroizing::new(password.as_bytes().to_vec()),
        network,
        challenge,
        tenant: None,
    };
    migrator.login(login).await
}

pub fn md5(text: &str) -> String {
    use md5::{Digest as _, Md5};
    hex::encode(Md5::digest(text.as_bytes()))
}

/// A customer in good standing, whose password is `secret` followed by the name.
pub fn customer(name: &str) -> Value {
    json!({
        "id": format!("id-{name}"), "login": name, "mail": format!("{name}@example.org"),
        "password": md5(&format!("secret {name}")),
    })
}

/// The legacy key of a customer.
pub fn key(name: &str) -> LegacyKey {
    LegacyKey { source: "shop".to_owned(), id: format!("id-{name}") }
}

/// A customer with additional members.
pub fn customer_with(name: &str, members: &Value) -> Value {
    let mut customer = customer(name);
    for (key, value) in members.as_object().unwrap() {
        customer[key] = value.clone();
    }
    customer
}
