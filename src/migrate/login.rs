//! The login.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::allowance::AttemptSettings;
use super::attempts::Challenge;
use super::binding::check_store;
use super::context::{Context, Store};
use super::handover::{Handover, Profile};
use super::outcome::Outcome;
use super::rules::LiveRules;
use super::sample::Sampler;
use super::step::Observer;
use super::systems::LegacySystem;
use super::visit::Visit;
use crate::hashing::Hasher;
use crate::ports::{
    Clock, EventKind, IdentifierProfile, Keyring, Ledger, Operation, PasswordChange, PortError, PortErrorKind,
    SharedHooks, Target, TargetId,
};

/// The request of a customer who signs in.
pub struct Login {
    /// The id of the request, for logs and the audit.
    pub request_id: String,
    /// The identifier as typed.
    pub identifier: String,
    /// The password as typed, unchanged.
    pub password: Zeroizing<Vec<u8>>,
    /// The address of the customer; `None` if the caller does not provide it.
    pub network: Option<IpAddr>,
    /// Whether the customer has passed a challenge.
    pub challenge: Challenge,
    /// The tenant that the customer signs in at, for systems that serve only some, and for the rules' `$facts.tenant`.
    pub tenant: Option<String>,
}

impl Login {
    /// The longest password a customer may present or be given, in bytes. Stops long inputs from consuming time; NIST
    /// SP 800-63B requires at least 64 characters, and 1024 bytes allow 256 characters of any script.
    pub const MAX_PASSWORD_BYTES: usize = 1024;
}

/// Never shows what was typed.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// The answer to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The outcome.
    pub outcome: Outcome,
    /// The account, if the customer is signed in.
    pub account: Option<TargetId>,
    /// Whether a new password must be chosen.
    pub change: PasswordChange,
    /// When to retry, for temporary outcomes.
    pub retry_after: Option<Duration>,
}

/// The components that a migrator uses.
#[derive(Clone)]
pub struct MigratorParts {
    /// The legacy system that is asked first.
    pub legacy: LegacySystem,
    /// Further ones, each asked if those before it do not know the customer.
    pub more: Vec<LegacySystem>,
    /// Where accounts are stored.
    pub target: Arc<dyn Target>,
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Computes hashes. The target and the verifier use the same hasher.
    pub hasher: Arc<Hasher>,
    /// The operator's hooks.
    pub hooks: SharedHooks,
    /// Observes every step.
    pub observer: Arc<dyn Observer>,
    /// Creates the pseudonyms of customers in the ledger.
    pub keyring: Arc<Keyring>,
}

/// The settings of a migrator.
#[derive(Debug, Clone)]
pub struct MigratorSettings {
    /// How identifiers are normalised.
    pub identifiers: IdentifierProfile,
    /// The tenant, for the rules' `$facts.tenant`.
    pub tenant: Option<String>,
    /// How long a whole login may take. Stops a slow legacy system from piling up logins; the hooks of identity
    /// providers wait 2 to 5 seconds.
    pub deadline: Duration,
    /// The earliest time at which refusals are answered. Hides the reason of a refusal behind a constant time; longer
    /// than a fetch and two hashes usually take, and short enough for customers who mistyped.
    pub floor: Duration,
    /// Refusals that took longer than the floor are answered at the next multiple of this.
    pub quantum: Duration,
    /// The limits on attempts.
    pub attempts: AttemptSettings,
    /// Logins of one customer that are verified concurrently; others wait. Stops a burst of guesses from being verified
    /// before the first of them counts.
    pub turns: usize,
    /// How long a claim lasts if it is never ended, which is how long a customer waits whose login was interrupted by a
    /// crash. Longer than a login, so that no second login creates the account concurrently; if one does, the target's
    /// unique names prevent a duplicate.
    pub lease: Duration,
    /// Logins of one record that are looked up at the source before its account is created, in addition to the typed
    /// one; the account does not own any beyond this number. Stops a record with a thousand addresses from querying the
    /// legacy system a thousand times; allows for a user name, a phone number and a few addresses.
    pub lookups: usize,
    /// The kinds of events to keep; others are dropped. Stops an outbox that nobody reads from growing forever.
    pub events: Vec<EventKind>,
    /// Refusals that are waiting to be released. Stops a flood of guesses from filling the memory; beyond it the answer
    /// is 503.
    pub waiting: usize,
}

impl Default for MigratorSettings {
    fn default() -> Self {
        Self {
            identifiers: IdentifierProfile::default(),
            tenant: None,
            deadline: Duration::from_millis(1500),
            floor: Duration::from_millis(400),
            quantum: Duration::from_millis(100),
            attempts: AttemptSettings::default(),
            turns: 2,
            lease: Duration::from_secs(2),
            lookups: 8,
            events: EventKind::ALL.to_vec(),
            waiting: 10_000,
        }
    }
}

/// Migrates customers at their first login, and signs them in at every later one.
pub struct Migrator {
    pub(super) cx: Context,
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator").field("deadline", &self.cx.deadline).finish_non_exhaustive()
    }
}

impl Migrator {
    /// Creates a migrator from its parts.
    #[must_use]
    pub fn new(parts: MigratorParts, settings: MigratorSettings) -> Self {
        Self { cx: Context::new(parts, settings) }
    }

    /// Gives samples of the records of logins to somebody who looks at them beside the logins.
    #[must_use]
    pub fn sampled_by(mut self, sampler: Arc<dyn Sampler>) -> Self {
        self.cx.sampler = Some(sampler);
        self
    }

    /// The active rules of the legacy system that is asked first.
    #[must_use]
    pub fn rules(&self) -> &LiveRules {
        &self.cx.systems.first.rules
    }

    /// Whether one of the legacy systems serves a tenant by name.
    #[must_use]
    pub fn serves_tenant(&self, tenant: &str) -> bool {
        self.cx.systems.all().any(|system| system.tenants.iter().any(|served| served == tenant))
    }

    /// Checks that the ledger and the account store still belong together; logins fail while they do not. Call it once
    /// a second.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn watch(&self) -> Result<(), PortError> {
        let checked = check_store(&*self.cx.records.ledger, &*self.cx.accounts.target).await;
        let store = match &checked {
            Err(error) if error.kind() == PortErrorKind::Misconfigured => Store::Wrong,
            // A store that is missing or locked fails on its own.
            _ => Store::Right,
        };
        self.cx.accounts.note_store(store);
        checked
    }

    /// Signs a customer in. The whole migration, in the order described in the architecture: count the attempt, ask the
    /// target, and only for customers without an account fetch, verify, map and create.
    ///
    /// Dropping the future may leave a creation half done, which recovery completes. Servers that drop the futures of
    /// disconnected callers should run it as its own task.
    pub async fn login(&self, login: Login) -> Answer {
        self.run(login, None).await.0
    }

    pub(super) async fn run(&self, login: Login, handover: Option<&Handover>) -> (Answer, Option<Profile>) {
        let mut visit = Visit::begin(&self.cx, Operation::Login, login.request_id);
        visit.turn_to_handover(handover);
        visit.counting.challenge = login.challenge;
        visit.turn_to_tenant(login.tenant);
        let ending = match (visit.may_enter(0), visit.admit(&login.identifier, login.password, login.network)) {
            (Err(turned_away), _) => turned_away,
            (Ok(()), Ok(admission)) => visit.sign_in(&admission).await,
            (Ok(()), Err(password)) => visit.malformed(&password),
        };
        let sample = visit.take_sample();
        let answer = visit.close(ending).await;
        if let (Some(sampler), Some(sample)) = (&self.cx.sampler, sample) {
            sampler.take(sample);
        }
        answer
    }
}
