//! A source of your own: an invented customer API behind the port `Source`, with guards around it, and logins that use it.
//!
//! Run it with `cargo run --example custom_source`.

use std::error::Error;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use landfall::adapters::memory::{MemoryLedger, MemoryTarget};
use landfall::adapters::stored_hash::StoredHashVerifier;
use landfall::diag::{Files, Findings, render};
use landfall::engine::{self, NoFiles, compile};
use landfall::guard::{BreakerSettings, GuardSettings, guarded_source};
use landfall::hashing::{Hasher, MostExpensive, TimeSettings};
use landfall::migrate::{
    self, Answer, Challenge, LegacySystem, LiveRules, Login, Migrator, MigratorParts, MigratorSettings, RuleSet,
    Verifiers,
};
use landfall::password::lane::{Lane, LaneSettings};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters};
use landfall::password::{Credential, Limits};
use landfall::ports::{
    BoxFuture, Call, Identifier, Keyring, NoHooks, PortError, PortErrorKind, Record, Source, SystemClock,
};
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

/// The customers of the API; every password is `harbour-lamp-42`. Two of them share a login.
const CUSTOMERS: [(&str, u32); 4] = [("ida", 1), ("tomas", 2), ("twin", 3), ("twin", 4)];
const HASH: &str = "$2y$10$vI8aWBnW3fID.ZQ4/zo1G.6/UQE4RgJUiGpVd38goaqoUp26vkx9e";

const RULES: &str = "
landfall: 1
name: shop
identify: { id: $.id, logins: [ $.login ] }
account: { external_id: $.id, username: $.login }
credential: { from: $.hash, scheme: bcrypt }
";

/// How long the circuit breaker of this example stays open.
const OPEN: Duration = Duration::from_millis(300);

/// The client of the API. A real one sends HTTP requests; this one plays a system that can fail.
struct Api {
    state: Mutex<State>,
    requests: AtomicU64,
}

#[derive(Clone, Copy)]
enum State {
    Up,
    /// Closes the connection once, as a load balancer does during a restart.
    ClosesOnce,
    Hangs,
    RefusesConnections,
    Answers(u16),
}

enum ApiError {
    Connection,
    Timeout,
    Status(u16),
}

impl Api {
    /// The customers with a login, each as a JSON object.
    async fn search(&self, login: &str, time: Duration) -> Result<Vec<String>, ApiError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.state() {
            State::Up => {}
            State::ClosesOnce => {
                self.becomes(State::Up);
                return Err(ApiError::Connection);
            }
            State::Hangs => {
                let never = std::future::pending::<()>();
                return timeout(time, never).await.map_or(Err(ApiError::Timeout), |()| Ok(Vec::new()));
            }
            State::RefusesConnections => return Err(ApiError::Connection),
            State::Answers(status) => return Err(ApiError::Status(status)),
        }
        let found = CUSTOMERS.iter().filter(|(name, _)| *name == login);
        Ok(found.map(|(name, id)| format!(r#"{{"id":{id},"login":"{name}","hash":"{HASH}"}}"#)).collect())
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn becomes(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// The adapter. It contains no retry, time limit or cap of its own: guards add them.
struct ApiSource(Arc<Api>);

/// The ledger knows customers by this name and their id. It must never change.
const NAME: &str = "legacy-api";

impl Source for ApiSource {
    fn name(&self) -> &str {
        NAME
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(async move {
            // Guards enforce the deadline. A client that knows it stops by itself, and spares the other system the work.
            let time = call.deadline.saturating_duration_since(Instant::now());
            // The canonical form, not what was typed: " Ida" and "ida" are the same customer.
            let found = self.0.search(identifier.canonical(), time).await.map_err(|error| failure(&error))?;
            match found.as_slice() {
                // Only a system that has answered may say that a customer does not exist.
                [] => Ok(None),
                [record] => Ok(Some(Record::new(record.clone()))),
                // Choosing one could sign a customer in as another. The system works, so the breaker must not count this.
                _ => Err(PortError::new(PortErrorKind::BadResponse, NAME, "fetch")
                    .because("more than one customer has this login")
                    .about_one_record()),
            }
        })
    }
}

/// What a failure of the API means for a login. The sentence is for the operator and contains no customer data.
fn failure(error: &ApiError) -> PortError {
    let (kind, detail) = match error {
        ApiError::Connection => (PortErrorKind::Unavailable, "the connection failed".to_owned()),
        ApiError::Timeout => (PortErrorKind::Unavailable, "no answer in time".to_owned()),
        ApiError::Status(401 | 403) => (PortErrorKind::Denied, "the API rejects our key".to_owned()),
        ApiError::Status(429) => (PortErrorKind::RateLimited, "too many requests".to_owned()),
        ApiError::Status(status @ 500..) => (PortErrorKind::Unavailable, format!("the API answered {status}")),
        ApiError::Status(status) => (PortErrorKind::BadResponse, format!("the API answered {status}")),
    };
    PortError::new(kind, NAME, "fetch").because(detail)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout()).await
}

/// The whole example. It writes what happens.
pub async fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let api = Arc::new(Api { state: Mutex::new(State::Up), requests: AtomicU64::new(0) });
    // Short times, so that the example is short. The defaults are made for real systems.
    let guards = GuardSettings {
        call: Duration::from_millis(100),
        breaker: Some(BreakerSettings { window: 3, minimum: 3, threshold: 1.0, open: OPEN }),
        ..GuardSettings::default()
    };
    let (source, figures) = guarded_source(Arc::new(ApiSource(Arc::clone(&api))), &guards);
    let migrator = migrator(source)?;

    // Retries add at most a tenth to the load of the other system, so ten calls come before the first retry.
    for number in 0..10 {
        migrator.signup_check("example", &format!("newcomer{number}"), None).await;
    }

    let logins = [
        ("unknown customer", State::Up, "nobody", "harbour-lamp-42"),
        ("wrong password", State::Up, "ida", "harbour-lamp-43"),
        ("two records", State::Up, "twin", "harbour-lamp-42"),
        ("closed connection, retried", State::ClosesOnce, "ida", "harbour-lamp-42"),
        ("no answer", State::Hangs, "tomas", "harbour-lamp-42"),
        ("connections refused", State::RefusesConnections, "tomas", "harbour-lamp-42"),
        ("answers 500", State::Answers(500), "tomas", "harbour-lamp-42"),
    ];
    for (what, state, identifier, password) in logins {
        api.becomes(state);
        report(out, what, &sign_in(&migrator, identifier, password).await)?;
    }
    writeln!(out, "breaker: {}", figures.breaker().name())?;

    // An open breaker answers at once and leaves the other system alone. Migrated customers do not need it.
    let before = api.requests.load(Ordering::Relaxed);
    report(out, "breaker open, new customer", &sign_in(&migrator, "tomas", "harbour-lamp-42").await)?;
    report(out, "breaker open, migrated customer", &sign_in(&migrator, "ida", "harbour-lamp-42").await)?;
    writeln!(out, "requests meanwhile: {}", api.requests.load(Ordering::Relaxed) - before)?;

    api.becomes(State::Up);
    sleep(OPEN).await;
    report(out, "API works again", &sign_in(&migrator, "tomas", "harbour-lamp-42").await)?;
    writeln!(out, "breaker: {}", figures.breaker().name())?;
    Ok(())
}

/// Writes an answer with the status that an HTTP service gives it.
fn report(out: &mut impl Write, what: &str, answer: &Answer) -> io::Result<()> {
    let status = match &answer.outcome {
        outcome if outcome.is_success() => 200,
        // An outage is never a wrong password: the customer is asked to come back, and no attempt is counted.
        outcome if outcome.is_temporary() => 503,
        _ => 401,
    };
    writeln!(out, "{what}: {status} {}", answer.outcome.name())
}

/// A login over this source. `examples/embed.rs` explains the other parts, and uses files instead of memory.
fn migrator(source: Arc<dyn Source>) -> Result<Migrator, Box<dyn Error>> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("shop.yaml", RULES);
    let plan =
        compile(&mut files, file, &NoFiles, &mut findings).ok_or_else(|| render::plain(&files, &findings.sorted()))?;
    let settings = MigratorSettings { deadline: Duration::from_secs(10), ..MigratorSettings::default() };
    let store = PasswordStore::new(StoreParameters::default(), Peppers::none());
    let decoy = Credential::encoded("bcrypt", HASH);
    let hasher = Hasher::new(Lane::start(LaneSettings::default())?, store, Limits::default(), &decoy)
        .map_err(|problem| problem.to_string())?;
    let times = TimeSettings { deadline: settings.deadline, longest_check: Some(Duration::from_secs(1)) };
    hasher.calibrate(MostExpensive::of(&plan), times);
    let hasher = Arc::new(hasher);
    let verifiers = Verifiers::only(Arc::new(StoredHashVerifier::new(Arc::clone(&hasher))));
    let rules = RuleSet::new(plan, engine::Settings::default(), "shop 1")?;
    let parts = MigratorParts {
        legacy: LegacySystem::new(source, verifiers, Arc::new(LiveRules::new(rules))),
        more: Vec::new(),
        target: Arc::new(MemoryTarget::new("accounts", Arc::clone(&hasher))),
        ledger: Arc::new(MemoryLedger::new()),
        clock: Arc::new(SystemClock),
        hasher,
        hooks: Arc::new(NoHooks),
        observer: Arc::new(migrate::Silent),
        keyring: Arc::new(Keyring::new(&[7; 32])?),
    };
    Ok(Migrator::new(parts, settings))
}

async fn sign_in(migrator: &Migrator, identifier: &str, password: &str) -> Answer {
    let login = Login {
        request_id: "example".to_owned(),
        identifier: identifier.to_owned(),
        password: Zeroizing::new(password.as_bytes().to_vec()),
        network: None,
        challenge: Challenge::None,
        tenant: None,
    };
    migrator.login(login).await
}
