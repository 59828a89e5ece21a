//! A service without HTTP on one of the databases, in its own folder.

use std::fs;
use std::sync::Arc;

use landfall::config::{self, Built, Settings};
use landfall::diag::render::plain;
use landfall::migrate::{Migrator, Outcome, Silent};
use tempfile::TempDir;

use crate::customers;

/// The cost of new hashes, as in the settings.
#[derive(Clone, Copy)]
pub enum Cost {
    /// The default settings.
    Default,
    /// The minimum that Argon2 allows.
    Cheapest,
}

/// A deployment with a ledger and accounts in SQLite files.
pub struct World {
    pub migrator: Arc<Migrator>,
    _built: Built,
    _folder: TempDir,
}

/// The settings of a source at this address.
pub fn source(url: &str) -> String {
    format!(
        "{{ kind: sql, name: shop, url: '{url}', record: '{}', lists: {{ roles: {{ query: '{}', as: values }} }} }}",
        customers::RECORD,
        customers::ROLES
    )
}

fn settings(url: &str, cost: Cost) -> String {
    let argon2 = match cost {
        Cost::Default => "",
        Cost::Cheapest => "argon2: { memory: 8KiB, passes: 1 }, ",
    };
    // a machine with other work may keep a login waiting longer than a customer would
    format!(
        "rules: shop.yaml\n\
         source: {}\n\
         target: {{ kind: sql, url: 'sqlite:accounts.db' }}\n\
         ledger: {{ url: 'sqlite:ledger.db', key: '${{KEY}}' }}\n\
         password: {{ {argon2}decoy: {{ scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 }} }}\n\
         lane: {{ queue: 1000 }}\n\
         login: {{ deadline: 20s, lease: 60s }}\n\
         service: {{ request_timeout: 30s }}\n",
        source(url)
    )
}

impl World {
    /// A world without accounts. Requires a runtime.
    pub async fn new(url: &str, cost: Cost) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.yaml"), include_str!("shop.yaml")).unwrap();
        fs::write(folder.path().join("landfall.yaml"), settings(url, cost)).unwrap();
        let environment = |_: &str| Some("0123456789abcdef".repeat(4));
        let read = Settings::read_in(&folder.path().join("landfall.yaml"), &environment).unwrap();
        assert!(read.loaded.is_some(), "{}", plain(&read.files, &read.findings));
        let built = config::build(read.loaded.unwrap(), Arc::new(Silent)).await.unwrap();
        let migrator = Arc::new(Migrator::new(built.parts.clone(), built.migrator.clone()));
        Self { migrator, _built: built, _folder: folder }
    }
}

/// The first login of a customer.
pub async fn first_login(migrator: Arc<Migrator>, number: u64) {
    let outcome = migrator.login(customers::login(number)).await.outcome;
    assert_eq!(outcome, Outcome::Migrated, "customer {number}");
}
