//! An instance: what a service opens, without HTTP.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use landfall::adapters::registry::{self, LedgerContext, Opening, TargetContext, TargetSettings};
use landfall::guard::{GuardSettings, guarded_ledger, guarded_target};
use landfall::migrate::{Allowance, AttemptSettings, Migrator, MigratorSettings, Outcome, bind_store};
use landfall::ports::{Keyring, OpenLedger, SystemClock, Target};

use crate::fixture::{Fixture, Options, login};
use crate::servers::{ADMIN, Server};

/// How long a login may take.
const DEADLINE: Duration = Duration::from_millis(1500);

/// How long a claim lasts that nobody ends.
pub const LEASE: Duration = Duration::from_secs(2);

/// How long a call of the ledger may take, as in a service.
const LEDGER_CALL: Duration = Duration::from_secs(2);

/// An instance with connections of its own.
pub struct Instance {
    pub migrator: Arc<Migrator>,
    pub open: OpenLedger,
    pub target: Arc<dyn Target>,
}

/// The address of a database of a server.
pub fn address(server: &Server, database: &str) -> String {
    server.url(ADMIN.0, ADMIN.1, database)
}

/// Opens the ledger of a database.
pub async fn ledger(url: &str) -> OpenLedger {
    let keyring = Arc::new(Keyring::new(&[7; 32]).expect("a key"));
    let context = LedgerContext { url, folder: Path::new(""), keyring, opening: Opening::Trusted };
    registry::open_ledger(context).await.expect("a ledger")
}

impl Instance {
    /// Starts an instance; the customers are those of the fixture.
    pub async fn start(fixture: &Fixture, url: &str) -> Self {
        let open = ledger(url).await;
        let settings: TargetSettings =
            serde_json::from_value(serde_json::json!({ "sql": { "url": url } })).expect("settings");
        let context = TargetContext {
            folder: Path::new(""),
            hasher: Arc::clone(&fixture.hasher),
            may_create: true,
            limits: Arc::clone(&open.limits),
        };
        let target = settings.adapter().open(context).await.expect("a store");
        bind_store(&*open.ledger, &*target).await.expect("its own store");
        let unlimited = Allowance::per_minutes(1_000_000, 15);
        let settings = MigratorSettings {
            attempts: AttemptSettings { customer: unlimited, network: unlimited, ..AttemptSettings::default() },
            floor: Duration::ZERO,
            quantum: Duration::ZERO,
            deadline: DEADLINE,
            lease: LEASE,
            turns: 64,
            events: landfall::ports::EventKind::ALL.into_iter().collect(),
            ..MigratorSettings::default()
        };
        let options = Options { settings, ..Options::default() };
        let migrator = fixture.migrator_with(options, |parts| {
            parts.ledger = guarded_ledger(Arc::clone(&open.ledger), LEDGER_CALL).0;
            parts.target = guarded_target(Arc::clone(&target), &GuardSettings::local()).0;
            parts.clock = Arc::new(SystemClock);
        });
        Self { migrator, open, target }
    }

    /// Signs in.
    pub async fn login(&self, name: &str, password: &str) -> Outcome {
        login(&self.migrator, name, password).await.outcome
    }
}
