//! A login with in-memory adapters, with the cheapest hashes and without hashes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use jiff::Timestamp;
use landfall::adapters::memory::MemoryLedger;
use landfall::adapters::memory::MemorySource;
use landfall::adapters::memory::MemoryTarget;
use landfall::adapters::stored_hash::StoredHashVerifier;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::run::Settings;
use landfall::hashing::Hasher;
use landfall::migrate::{
    LegacySystem, LiveRules, Migrator, MigratorParts, MigratorSettings, Outcome, RuleSet, Silent, Verifiers,
};
use landfall::model::Password;
use landfall::password::lane::{Lane, LaneSettings};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters};
use landfall::password::{Credential, Limits, Verdict};
use landfall::ports::{
    AccountState, Authenticated, Authentication, BoxFuture, Call, Capabilities, Created, Deleted, Deletion, ExternalId,
    Found, Identifier, IdentifierProfile, Keyring, NewAccount, NoHooks, PasswordChange, PortError, Presented, StoreId,
    StoredAccount, SystemClock, Target, TargetId, Verification, Verifier, Work,
};
use tokio::runtime::Runtime;

use crate::{Row, Size, customers, median};

/// Customers per world; after them a new one is created.
const CUSTOMERS: u64 = 500;

/// Accepts every password, at no cost.
struct AcceptAll;

impl Verifier for AcceptAll {
    fn name(&self) -> &'static str {
        "believing"
    }

    fn verify<'a>(&'a self, _: Call<'a>, _: Presented<'a>) -> BoxFuture<'a, Result<Verification, PortError>> {
        Box::pin(async { Ok(Verification::without_work(Verdict::Match)) })
    }
}

/// Accounts without passwords: the in-memory target without its hashes.
struct Unhashed(MemoryTarget);

impl Target for Unhashed {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn find<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        let found = self.0.find(call, identifier);
        Box::pin(async { Ok(found.await?.map(|found| Found { state: AccountState::Active, ..found })) })
    }

    fn find_external<'a>(
        &'a self,
        call: Call<'a>,
        external: &'a ExternalId,
    ) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        self.0.find_external(call, external)
    }

    fn authenticate<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        let verdict = Authentication::Verified(PasswordChange::Optional);
        Box::pin(async move { Ok(Authenticated { verdict, work: Work::Nothing }) })
    }

    fn create<'a>(&'a self, call: Call<'a>, account: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        self.0.create(call, NewAccount { password: None, ..account })
    }

    fn set_password<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        password: &'a Arc<Password>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        self.0.set_password(call, id, password, at)
    }

    fn delete<'a>(
        &'a self,
        call: Call<'a>,
        id: &'a TargetId,
        how: Deletion,
    ) -> BoxFuture<'a, Result<Deleted, PortError>> {
        self.0.delete(call, id, how)
    }

    fn reopen<'a>(&'a self, call: Call<'a>, external: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        self.0.reopen(call, external)
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        self.0.ping()
    }

    fn read<'a>(&'a self, call: Call<'a>, id: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        self.0.read(call, id)
    }

    fn list<'a>(
        &'a self,
        call: Call<'a>,
        after: Option<&'a TargetId>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        self.0.list(call, after, limit)
    }
}

/// Which hashes a login computes.
#[derive(Clone, Copy)]
enum Hashes {
    /// MD5 for the legacy system, the cheapest Argon2id for the target.
    Cheapest,
    /// No hashes, and so no round trip to the lane.
    None,
}

/// Shared by all worlds.
struct Shared {
    source: Arc<MemorySource>,
    hasher: Arc<Hasher>,
    rules: Arc<LiveRules>,
    keyring: Arc<Keyring>,
}

impl Shared {
    fn new() -> Self {
        let source = MemorySource::new("shop", IdentifierProfile::default());
        for number in 0..CUSTOMERS {
            let ([name, mail], record) = customers::record(number);
            source.insert(&[&name, &mail], record).unwrap();
        }
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("shop.yaml".to_owned(), customers::rules());
        let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap();
        let rules = RuleSet::new(plan, Settings::default(), "rules-1").unwrap();
        let lane = Lane::start(LaneSettings::default()).unwrap();
        let store = PasswordStore::new(StoreParameters::new(8, 1, 1).unwrap(), Peppers::none());
        let profile = Credential::encoded("md5", "900150983cd24fb0d6963f7d28e17f72");
        Self {
            source: Arc::new(source),
            hasher: Arc::new(Hasher::new(lane, store, Limits::default(), &profile).unwrap()),
            rules: Arc::new(LiveRules::new(rules)),
            keyring: Arc::new(Keyring::new(&[7; 32]).unwrap()),
        }
    }

    /// A migrator without any migrated customers.
    fn migrator(&self, hashes: Hashes) -> Migrator {
        let accounts = MemoryTarget::new("accounts", Arc::clone(&self.hasher));
        let (verifier, target): (Arc<dyn Verifier>, Arc<dyn Target>) = match hashes {
            Hashes::Cheapest => (Arc::new(StoredHashVerifier::new(Arc::clone(&self.hasher))), Arc::new(accounts)),
            Hashes::None => (Arc::new(AcceptAll), Arc::new(Unhashed(accounts))),
        };
        let parts = MigratorParts {
            legacy: LegacySystem::new(self.source.clone(), Verifiers::only(verifier), Arc::clone(&self.rules)),
            more: Vec::new(),
            target,
            ledger: Arc::new(MemoryLedger::new()),
            clock: Arc::new(SystemClock),
            hasher: Arc::clone(&self.hasher),
            hooks: Arc::new(NoHooks),
            observer: Arc::new(Silent),
            keyring: Arc::clone(&self.keyring),
        };
        Migrator::new(parts, MigratorSettings::default())
    }
}

/// The figures for docs/figures.md: the median of many logins without hashes.
pub async fn rows(size: Size) -> Vec<Row> {
    let shared = Shared::new();
    let migrator = shared.migrator(Hashes::None);
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for number in 0..CUSTOMERS.min(size.single) {
        first.push(timed(&migrator, number, &Outcome::Migrated).await.as_secs_f64() * 1e6);
        later.push(timed(&migrator, number, &Outcome::Authenticated).await.as_secs_f64() * 1e6);
    }
    let row = |which: &str, times: Vec<f64>| Row {
        what: format!("{which} login on adapters in memory, without hashes"),
        figure: format!("{:.0} µs", median(times)),
        goal: "100 µs",
    };
    vec![row("first", first), row("later", later)]
}

/// First and later logins, one at a time.
pub fn logins(criterion: &mut Criterion, runtime: &Runtime) {
    let shared = Shared::new();
    let mut group = criterion.benchmark_group("login-in-memory");
    for (name, hashes) in [("without-hash", Hashes::None), ("cheapest-hash", Hashes::Cheapest)] {
        group.bench_function(format!("first/{name}"), |bencher| {
            bencher.iter_custom(|count| runtime.block_on(first(&shared, hashes, count)));
        });
        group.bench_function(format!("later/{name}"), |bencher| {
            bencher.iter_custom(|count| runtime.block_on(later(&shared, hashes, count)));
        });
    }
    group.finish();
}

async fn timed(migrator: &Migrator, number: u64, expected: &Outcome) -> Duration {
    let login = customers::login(number);
    let began = Instant::now();
    let answer = migrator.login(login).await;
    let took = began.elapsed();
    assert_eq!(answer.outcome, *expected);
    took
}

async fn first(shared: &Shared, hashes: Hashes, count: u64) -> Duration {
    let (mut migrator, mut all) = (shared.migrator(hashes), Duration::ZERO);
    for number in 0..count {
        if number > 0 && number % CUSTOMERS == 0 {
            migrator = shared.migrator(hashes);
        }
        all += timed(&migrator, number % CUSTOMERS, &Outcome::Migrated).await;
    }
    all
}

async fn later(shared: &Shared, hashes: Hashes, count: u64) -> Duration {
    let (migrator, mut all) = (shared.migrator(hashes), Duration::ZERO);
    timed(&migrator, 0, &Outcome::Migrated).await;
    for _ in 0..count {
        all += timed(&migrator, 0, &Outcome::Authenticated).await;
    }
    all
}
