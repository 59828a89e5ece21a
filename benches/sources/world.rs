//! A service without HTTP on one of the systems, in its own folder.

use std::fs;
use std::sync::Arc;

use landfall::config::{self, Built, Settings};
use landfall::diag::render::plain;
use landfall::migrate::{Migrator, Outcome, Silent};
use landfall::ports::Source;
use tempfile::TempDir;

use crate::customers;
use crate::systems::Asked;

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
    pub source: Arc<dyn Source>,
    _built: Built,
    _folder: TempDir,
}

fn settings(asked: &Asked, cost: Cost) -> String {
    let argon2 = match cost {
        Cost::Default => "",
        Cost::Cheapest => "argon2: { memory: 8KiB, passes: 1 }, ",
    };
    let verified = match asked.verifiers.as_str() {
        "" => String::new(),
        verifiers => format!("verifiers: {verifiers}\nverify_with: [ shop ]\n"),
    };
    // a machine with other work may keep a login waiting longer than a customer would
    format!(
        "rules: shop.yaml\n\
         source: {}\n{verified}\
         target: {{ kind: sql, url: 'sqlite:accounts.db' }}\n\
         ledger: {{ url: 'sqlite:ledger.db', key: '${{KEY}}' }}\n\
         password: {{ {argon2}decoy: {{ scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 }} }}\n\
         lane: {{ queue: 1000 }}\n\
         login: {{ deadline: 20s, lease: 60s }}\n\
         service: {{ request_timeout: 30s }}\n",
        asked.source
    )
}

impl World {
    /// A world without accounts. Requires a runtime.
    pub async fn new(asked: &Asked, cost: Cost) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shop.yaml"), &asked.rules).unwrap();
        fs::write(folder.path().join("landfall.yaml"), settings(asked, cost)).unwrap();
        let environment = |_: &str| Some("0123456789abcdef".repeat(4));
        let read = Settings::read_in(&folder.path().join("landfall.yaml"), &environment).unwrap();
        assert!(read.loaded.is_some(), "{}", plain(&read.files, &read.findings));
        let built = config::build(read.loaded.unwrap(), Arc::new(Silent)).await.unwrap();
        let source = Arc::clone(&built.parts.legacy.source);
        let migrator = Arc::new(Migrator::new(built.parts.clone(), built.migrator.clone()));
        Self { migrator, source, _built: built, _folder: folder }
    }
}

/// The first login of a customer.
pub async fn first_login(migrator: Arc<Migrator>, number: u64) {
    let outcome = migrator.login(customers::login(number)).await.outcome;
    assert_eq!(outcome, Outcome::Migrated, "customer {number}");
}
