//! What the login flow works with, in groups: a step names the group that it touches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::allowance::AttemptSettings;
use super::locks::KeyedLimit;
use super::login::{MigratorParts, MigratorSettings};
use super::over_limit::OverLimit;
use super::sample::Sampler;
use super::step::Observer;
use super::systems::Systems;
use super::write_back::KeptValues;
use crate::hashing::Hasher;
use crate::ports::{
    AccountLookup, Clock, EventKind, IdentifierProfile, Keyring, Ledger, PasswordCheck, SharedHooks, Target,
};

/// What the login flow works with.
pub(super) struct Context {
    /// The legacy systems.
    pub systems: Systems,
    /// How many logins of one record are looked up.
    pub lookups: usize,
    /// The accounts at the target.
    pub accounts: Accounts,
    /// The ledger, and what is written to it.
    pub records: Records,
    /// The limits on attempts.
    pub limits: Limits,
    /// What makes refusals alike.
    pub refusals: Refusals,
    /// The operator's hooks.
    pub hooks: SharedHooks,
    /// Observes every step.
    pub observer: Arc<dyn Observer>,
    /// Takes samples of records.
    pub sampler: Option<Arc<dyn Sampler>>,
    /// How identifiers are normalised.
    pub identifiers: IdentifierProfile,
    /// The tenant, for the rules.
    pub tenant: Option<String>,
    /// How long a login may take.
    pub deadline: Duration,
}

/// The accounts at the target.
pub(super) struct Accounts {
    /// Where they are stored.
    pub target: Arc<dyn Target>,
    /// One creation per customer in this process.
    pub creations: KeyedLimit,
    /// Set while the account store is not the ledger's.
    wrong_store: AtomicBool,
}

/// Whether the account store is the one that the ledger belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// It is, as far as we know.
    Right,
    /// It is not; all logins fail.
    Wrong,
}

impl Accounts {
    /// How the account of a login is found.
    pub(super) fn lookup(&self) -> AccountLookup {
        self.target.capabilities().lookup
    }

    /// Whether passwords live at a target that does not verify them for us.
    pub(super) fn verifies_nothing(&self) -> bool {
        self.target.capabilities().password == PasswordCheck::Nothing
    }

    /// Whether the account store is the ledger's.
    pub(super) fn store(&self) -> Store {
        if self.wrong_store.load(Ordering::Acquire) { Store::Wrong } else { Store::Right }
    }

    /// Notes whether the account store is the ledger's.
    pub(super) fn note_store(&self, store: Store) {
        self.wrong_store.store(store == Store::Wrong, Ordering::Release);
    }
}

/// The ledger, and what is written to it.
pub(super) struct Records {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Creates the pseudonyms of customers.
    pub keyring: Arc<Keyring>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Refusals that are being summed up.
    pub over_limit: OverLimit,
    /// The kinds of events to keep.
    pub events: Vec<EventKind>,
    /// How long a claim lasts if it is never ended.
    pub lease: Duration,
    /// What is kept for the legacy systems that are told of migrated customers, by the name of the source.
    pub write_backs: BTreeMap<String, KeptValues>,
}

impl Records {
    /// The current time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The limits on attempts.
pub(super) struct Limits {
    /// How many failures are allowed.
    pub attempts: AttemptSettings,
    /// Logins of one customer at a time.
    pub customers: KeyedLimit,
    /// Requests of one network at a time.
    pub networks: KeyedLimit,
}

/// What makes refusals alike: the hashes that they skipped, and the time at which they are answered.
pub(super) struct Refusals {
    /// Computes the decoys.
    pub hasher: Arc<Hasher>,
    /// The earliest time at which refusals are answered.
    pub floor: Duration,
    /// Later ones are answered at the next multiple of this.
    pub quantum: Duration,
    /// Places for refusals that are waiting to be answered.
    pub waiting: Semaphore,
    /// When this process began: what the times of logins that were turned away are counted from.
    pub since: Instant,
}

impl Context {
    pub(super) fn new(parts: MigratorParts, settings: MigratorSettings) -> Self {
        let MigratorParts { legacy, more, target, ledger, clock, hasher, hooks, observer, keyring } = parts;
        let MigratorSettings { lookups, events, lease, attempts, floor, quantum, .. } = settings;
        let (customers, networks) = (KeyedLimit::new(settings.turns), KeyedLimit::new(attempts.network_in_flight));
        let named = std::iter::once(&legacy).chain(&more);
        let write_backs =
            named.filter_map(|system| Some((system.source.name().to_owned(), system.write_back.clone()?))).collect();
        Self {
            systems: Systems { first: legacy, more },
            lookups,
            accounts: Accounts { target, creations: KeyedLimit::new(1), wrong_store: AtomicBool::new(false) },
            records: Records { ledger, keyring, clock, over_limit: OverLimit::default(), events, lease, write_backs },
            limits: Limits { attempts, customers, networks },
            refusals: Refusals {
                hasher,
                floor,
                quantum,
                waiting: Semaphore::new(settings.waiting),
                since: Instant::now(),
            },
            hooks,
            observer,
            sampler: None,
            identifiers: settings.identifiers,
            tenant: settings.tenant,
            deadline: settings.deadline,
        }
    }
}
