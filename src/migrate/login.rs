//! The login itself.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::allowance::AttemptSettings;
use super::attempts::Challenge;
use super::binding::check_store;
use super::decision::Operation;
use super::event::EventKind;
use super::hasher::Hasher;
use super::hooks::SharedHooks;
use super::identifier::IdentifierProfile;
use super::keyring::Keyring;
use super::locks::KeyedLimit;
use super::outcome::Outcome;
use super::over_limit::OverLimit;
use super::port::{PortError, PortErrorKind};
use super::ports::{Clock, Ledger, PasswordChange, Source, Target, TargetId, Verifier};
use super::rules::LiveRules;
use super::step::Observer;
use super::visit::Visit;

/// A customer at the operation.
pub struct Login {
    /// The id of the request, for logs and the audit.
    pub request_id: String,
    /// What was typed as the identifier.
    pub identifier: String,
    /// What was typed as the password, untouched.
    pub password: Zeroizing<Vec<u8>>,
    /// Where the customer comes from; none when the caller does not say.
    pub network: Option<IpAddr>,
    /// Whether the customer passed a challenge before.
    pub challenge: Challenge,
}

impl Login {
    /// The longest password a customer may present or be given, in bytes. Stops long inputs from buying time; NIST SP 800-63B
    /// asks for 64 characters at least, and 1024 bytes admit 256 of any script.
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
    /// What came of it.
    pub outcome: Outcome,
    /// The account, when the customer is in.
    pub account: Option<TargetId>,
    /// Whether a new password must be chosen.
    pub change: PasswordChange,
    /// When it is worth to try again, for temporary outcomes.
    pub retry_after: Option<Duration>,
}

/// Everything a migrator stands on.
#[derive(Clone)]
pub struct MigratorParts {
    /// Where legacy records come from.
    pub source: Arc<dyn Source>,
    /// What verifies passwords.
    pub verifier: Arc<dyn Verifier>,
    /// Where accounts are stored.
    pub target: Arc<dyn Target>,
    /// What keeps the ledger.
    pub ledger: Arc<dyn Ledger>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// What computes hashes. The target and the verifier use the same one.
    pub hasher: Arc<Hasher>,
    /// The operator's scripts.
    pub hooks: SharedHooks,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// The rules in force.
    pub rules: Arc<LiveRules>,
    /// How customers are named in the ledger.
    pub keyring: Arc<Keyring>,
}

/// How a migrator behaves.
#[derive(Debug, Clone)]
pub struct MigratorSettings {
    /// How identifiers are made one spelling.
    pub identifiers: IdentifierProfile,
    /// The tenant, for the rules' `$facts.tenant`.
    pub tenant: Option<String>,
    /// How long a login may take in all. Stops a slow legacy system from piling up logins; the hooks of identity providers
    /// wait 2 to 5 seconds.
    pub deadline: Duration,
    /// Refusals are answered no sooner than this. Hides what a refusal is about behind one time; longer than a fetch and two
    /// hashes usually take, short enough for somebody who mistyped.
    pub floor: Duration,
    /// Refusals that took longer than the floor are answered at the next multiple of this.
    pub quantum: Duration,
    /// What may be tried.
    pub attempts: AttemptSettings,
    /// Logins of one customer that are verified at the same time; others wait their turn. Stops a burst of guesses from
    /// being verified before the first of them counts.
    pub turns: usize,
    /// How long a claim holds when nobody ends it: so long does a customer wait whose login was cut off by a crash. It is
    /// longer than a login, so that no second one creates beside it; the target's unique names hold if one does.
    pub lease: Duration,
    /// Logins of one record that are looked up at the source before its account is made, beside the one that was typed; the
    /// account does not own those beyond it. Stops a record with a thousand addresses from asking the legacy system a
    /// thousand times; admits a user name, a phone number and a few addresses.
    pub lookups: usize,
    /// Whether the source is known to lead from every login to one customer, so that nothing is looked up.
    pub unique_logins: bool,
    /// The events that somebody wants; others are not kept. Stops an outbox that nobody empties from growing for ever.
    pub events: Vec<EventKind>,
    /// Refusals that wait for their time. Stops a flood of guesses from filling the memory; above it, 503.
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
            unique_logins: false,
            events: EventKind::ALL.to_vec(),
            waiting: 10_000,
        }
    }
}

/// Migrates customers at their first login, and lets them in at every later one.
pub struct Migrator {
    pub(super) parts: MigratorParts,
    pub(super) settings: MigratorSettings,
    pub(super) customers: KeyedLimit,
    pub(super) creations: KeyedLimit,
    pub(super) networks: KeyedLimit,
    pub(super) waiting: Semaphore,
    /// Refusals that are summed up.
    pub(super) over_limit: OverLimit,
    /// Set while the store is not the ledger's: nobody is served then.
    pub(super) foreign: AtomicBool,
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Migrator {
    /// A migrator of these parts.
    #[must_use]
    pub fn new(parts: MigratorParts, settings: MigratorSettings) -> Self {
        let (customers, waiting) = (KeyedLimit::new(settings.turns), Semaphore::new(settings.waiting));
        let networks = KeyedLimit::new(settings.attempts.network_in_flight);
        let over_limit = OverLimit::default();
        Self {
            parts,
            settings,
            customers,
            creations: KeyedLimit::new(1),
            networks,
            waiting,
            over_limit,
            foreign: AtomicBool::new(false),
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &LiveRules {
        &self.parts.rules
    }

    /// Looks whether the ledger and the account store still belong together; while they do not, nobody is served. To be called
    /// once a second.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn watch(&self) -> Result<(), PortError> {
        let checked = check_store(&*self.parts.ledger, &*self.parts.target).await;
        let is_foreign = matches!(&checked, Err(error) if error.kind() == PortErrorKind::Misconfigured);
        // What is missing or locked fails by itself.
        self.foreign.store(is_foreign, Ordering::Release);
        checked
    }

    /// One customer signs in. The whole migration, in the order of the architecture page:
    /// count the attempt, ask the target, and only for who is not there yet: fetch, verify, map, create.
    ///
    /// Dropping the future may leave a creation half done, which recovery completes; servers that drop the futures of
    /// callers who hang up should run it as a task of its own.
    pub async fn login(&self, login: Login) -> Answer {
        let mut visit = Visit::begin(self, Operation::Login, login.request_id);
        visit.counting.challenge = login.challenge;
        let ending = match visit.admit(&login.identifier, login.password, login.network) {
            Ok(admission) => visit.sign_in(&admission).await,
            Err(password) => visit.malformed(&password),
        };
        visit.close(ending).await
    }
}
