//! A login on adapters in memory, with the cheapest hash and without any.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::run::Settings;
use landfall::ledger::MemoryLedger;
use landfall::migrate::{
    Hasher, IdentifierProfile, Keyring, LiveRules, Migrator, MigratorParts, MigratorSettings, NoHooks, Outcome,
    Pending, PortError, Presented, RuleSet, Silent, SystemClock, Verifier,
};
use landfall::password::lane::{Lane, LaneSettings};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters};
use landfall::password::{Credential, Limits, Verdict};
use landfall::sources::{MemorySource, StoredHash};
use landfall::targets::MemoryTarget;
use tokio::runtime::Runtime;

use crate::customers;

/// Customers of one world; after them a new one begins.
const CUSTOMERS: u64 = 500;

/// Believes everybody, at no cost.
struct Believing;

impl Verifier for Believing {
    fn name(&self) -> &'static str {
        "believing"
    }

    fn verify<'a>(&'a self, _: Presented<'a>) -> Pending<'a, Result<Verdict, PortError>> {
        Box::pin(async { Ok(Verdict::Match) })
    }
}

/// What all worlds share.
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

    /// A world in which nobody has signed in yet.
    fn migrator(&self, verifier: &Arc<dyn Verifier>) -> Migrator {
        let parts = MigratorParts {
            source: self.source.clone(),
            verifier: Arc::clone(verifier),
            target: Arc::new(MemoryTarget::new("accounts", Arc::clone(&self.hasher))),
            ledger: Arc::new(MemoryLedger::new()),
            clock: Arc::new(SystemClock),
            hasher: Arc::clone(&self.hasher),
            hooks: Arc::new(NoHooks),
            observer: Arc::new(Silent),
            rules: Arc::clone(&self.rules),
            keyring: Arc::clone(&self.keyring),
        };
        Migrator::new(parts, MigratorSettings::default())
    }
}

/// First and later logins, one at a time.
pub fn logins(criterion: &mut Criterion, runtime: &Runtime) {
    let shared = Shared::new();
    let stored: Arc<dyn Verifier> = Arc::new(StoredHash::new(Arc::clone(&shared.hasher)));
    let believing: Arc<dyn Verifier> = Arc::new(Believing);
    let mut group = criterion.benchmark_group("login-in-memory");
    group.bench_function("first", |bencher| {
        bencher.iter_custom(|count| runtime.block_on(first(&shared, &stored, count)));
    });
    group.bench_function("first-without-legacy-hash", |bencher| {
        bencher.iter_custom(|count| runtime.block_on(first(&shared, &believing, count)));
    });
    group.bench_function("later", |bencher| {
        bencher.iter_custom(|count| runtime.block_on(later(&shared, &stored, count)))
    });
    // What the hashes of the logins above cost by themselves: a way to the lane and back each.
    group.bench_function("store-hash-alone", |bencher| {
        bencher.iter_custom(|count| runtime.block_on(hashes(&shared, count)));
    });
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

async fn first(shared: &Shared, verifier: &Arc<dyn Verifier>, count: u64) -> Duration {
    let (mut migrator, mut all) = (shared.migrator(verifier), Duration::ZERO);
    for number in 0..count {
        if number > 0 && number % CUSTOMERS == 0 {
            migrator = shared.migrator(verifier);
        }
        all += timed(&migrator, number % CUSTOMERS, &Outcome::Migrated).await;
    }
    all
}

async fn later(shared: &Shared, verifier: &Arc<dyn Verifier>, count: u64) -> Duration {
    let (migrator, mut all) = (shared.migrator(verifier), Duration::ZERO);
    timed(&migrator, 0, &Outcome::Migrated).await;
    for _ in 0..count {
        all += timed(&migrator, 0, &Outcome::Authenticated).await;
    }
    all
}

async fn hashes(shared: &Shared, count: u64) -> Duration {
    let password = Arc::new(landfall::model::Password::new(b"correct horse".to_vec()).unwrap());
    let began = Instant::now();
    for _ in 0..count {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(9);
        std::hint::black_box(shared.hasher.hash(&password, deadline).await.unwrap());
    }
    began.elapsed()
}
