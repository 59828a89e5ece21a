//! The whole login over a database: guarded source, rules, verification, and accounts in memory.

use std::sync::Arc;
use std::time::Duration;

use landfall::adapters::sql::SqlSource;
use landfall::guard::{BreakerSettings, GuardFigures, GuardSettings, guarded_source};
use landfall::migrate::{Allowance, AttemptSettings, Migrator, MigratorSettings, Outcome};

use crate::fixture::{Fixture, Options, login, md5};
use crate::legacy::{Legacy, System};

/// The rules of the customers: their login is their legacy id, too.
const RULES: &str = r#"
landfall: 1
name: shop
target: standard
identify:
  id: $.id
  logins: [ $.login ]
account:
  external_id: $.id
  username: { from: $.login, do: [ username ], on_error: reject }
  name.given: $.mark
credential:
  scheme: md5
  value: $.password
"#;

/// How long a login may take.
pub const DEADLINE: Duration = Duration::from_millis(1500);

/// How long a call of the source may take.
const CALL: Duration = Duration::from_millis(1200);

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A breaker that opens and closes fast: the tests see both.
const BREAKER: BreakerSettings =
    BreakerSettings { window: 8, minimum: 4, threshold: 0.5, open: Duration::from_millis(1000) };

/// A service on a legacy database.
pub struct Service {
    pub fixture: Fixture,
    pub migrator: Arc<Migrator>,
    pub figures: GuardFigures,
}

impl Service {
    /// With a deadline and a breaker such as services have.
    pub fn new(source: SqlSource) -> Self {
        let guard = GuardSettings { breaker: Some(BREAKER), call: CALL, ..GuardSettings::default() };
        Self::with(source, DEADLINE, &guard)
    }

    /// With time for everything: what is tested does not depend on the speed of the machine.
    pub fn patient(source: SqlSource) -> Self {
        let guard = GuardSettings { breaker: None, call: PATIENCE, queue: PATIENCE, ..GuardSettings::default() };
        Self::with(source, PATIENCE, &guard)
    }

    fn with(source: SqlSource, deadline: Duration, guard: &GuardSettings) -> Self {
        let unlimited = Allowance::per_minutes(1_000_000, 15);
        let attempts = AttemptSettings { customer: unlimited, network: unlimited, ..AttemptSettings::default() };
        let settings = MigratorSettings {
            attempts,
            floor: Duration::ZERO,
            quantum: Duration::ZERO,
            deadline,
            turns: 64,
            ..MigratorSettings::default()
        };
        let fixture = Fixture::new();
        let (guarded, figures) = guarded_source(Arc::new(source), guard);
        let migrator = fixture.migrator_from(guarded, Options { settings, rules: RULES, ..Options::default() });
        Self { fixture, migrator, figures }
    }

    pub async fn login(&self, typed: &str, password: &str) -> Outcome {
        login(&self.migrator, typed, password).await.outcome
    }
}

/// The table of customers.
pub const CUSTOMERS: &str =
    "CREATE TABLE customers (id varchar(40) PRIMARY KEY, login varchar(600), password varchar(64), mark varchar(40));";

/// Adds customers: their logins, each with an id and a mark made of its number. The password is their number.
pub fn add_customers(legacy: &Legacy<'_>, logins: &[impl AsRef<str>]) {
    for (chunk, some) in logins.chunks(500).enumerate() {
        let row = |(at, login): (usize, &_)| {
            let number = chunk * 500 + at;
            let login = legacy.text(AsRef::<str>::as_ref(login));
            format!("('id-{number}', {login}, '{}', 'mark-{number}')", md5(&number.to_string()))
        };
        let rows: Vec<String> = some.iter().enumerate().map(row).collect();
        legacy.sql(&format!("INSERT INTO customers VALUES {};", rows.join(",\n")));
    }
}

/// The record query. The collation of SQLite would read every row.
pub fn query(legacy: &Legacy<'_>) -> String {
    let condition = match legacy.system() {
        System::Sqlite => "login = :identifier".to_owned(),
        _ => legacy.is_identifier("login"),
    };
    format!("SELECT * FROM customers WHERE {condition}")
}
