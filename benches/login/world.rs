//! A service without HTTP: settings, an export, and files for ledger and accounts, in its own folder.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use landfall::config::{self, Built, Settings};
use landfall::diag::render::plain;
use landfall::migrate::{Migrator, Outcome, Silent};
use tempfile::TempDir;

use crate::customers;
use crate::stores::Stores;

/// The cost of new hashes, as in the settings.
#[derive(Clone, Copy)]
pub enum Cost {
    /// The default settings.
    Default,
    /// The minimum that Argon2 allows.
    Cheapest,
}

/// A deployment with real files.
pub struct World {
    pub built: Built,
    pub migrator: Arc<Migrator>,
    next: u64,
    _folder: TempDir,
}

/// The settings of a service as they usually are. The rest of the service may be added.
pub fn usual(cost: Cost, stores: &Stores) -> String {
    let argon2 = match cost {
        Cost::Default => "",
        Cost::Cheapest => "argon2: { memory: 8KiB, passes: 1 }, ",
    };
    format!(
        "rules: shop.yaml\n\
         source: {{ kind: file, path: export.ndjson, logins: [ $.login, $.contact.mail ] }}\n\
         password: {{ {argon2}decoy: {{ scheme: md5, value: 900150983cd24fb0d6963f7d28e17f72 }} }}\n{}",
        stores.settings()
    )
}

/// 64 concurrent logins on two cores wait longer than a customer would at a login page; none must be rejected.
const PATIENT: &str =
    "lane: { queue: 1000 }\nlogin: { deadline: 20s, lease: 60s }\nservice: { request_timeout: 30s }\n";

/// Writes the rules, the export and the settings of a service.
pub fn write(folder: &Path, customers: u64, settings: &str) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("shop.yaml", &customers::rules());
    write("export.ndjson", &(0..customers).map(|number| customers::record(number).1 + "\n").collect::<String>());
    write("landfall.yaml", settings);
}

impl World {
    /// A world with this many legacy customers. Requires a runtime.
    pub async fn new(customers: u64, cost: Cost, stores: &Stores) -> Self {
        Self::with(customers, &usual(cost, stores), &[]).await
    }

    /// The same with these settings, and the files that they name.
    pub async fn with(customers: u64, settings: &str, files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), customers, &format!("{settings}{PATIENT}"));
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        let environment = |_: &str| Some("0123456789abcdef".repeat(4));
        let read = Settings::read_in(&folder.path().join("landfall.yaml"), &environment).unwrap();
        assert!(read.loaded.is_some(), "{}", plain(&read.files, &read.findings));
        let built = config::build(read.loaded.unwrap(), Arc::new(Silent)).await.unwrap();
        let migrator = Migrator::new(built.parts.clone(), built.migrator.clone());
        let migrator = Arc::new(match &built.sampling {
            Some(sampling) => migrator.sampled_by(sampling.sampler()),
            None => migrator,
        });
        Self { built, migrator, next: 0, _folder: folder }
    }

    /// Customers who have not signed in yet.
    pub fn new_customers(&mut self, count: u64) -> Range<u64> {
        let first = self.next;
        self.next += count;
        first..self.next
    }
}

/// Signs all these customers in, `at_once` at a time.
pub async fn sign_in(migrator: &Arc<Migrator>, customers: Range<u64>, at_once: usize, expected: Outcome) {
    let next = Arc::new(AtomicU64::new(customers.start));
    let visitors: Vec<_> = (0..at_once)
        .map(|_| {
            let (migrator, next, expected) = (Arc::clone(migrator), Arc::clone(&next), expected.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= customers.end {
                        return;
                    }
                    sign_in_one(&migrator, number, &expected).await;
                }
            })
        })
        .collect();
    for visitor in visitors {
        visitor.await.unwrap();
    }
}

/// The number of retried logins: other load on the disk or a core may keep a login waiting longer than its deadline.
static RETRIES: AtomicU64 = AtomicU64::new(0);

/// The number of retried logins so far.
pub fn retries() -> u64 {
    RETRIES.load(Ordering::Relaxed)
}

async fn sign_in_one(migrator: &Migrator, number: u64, expected: &Outcome) {
    let mut outcome = migrator.login(customers::login(number)).await.outcome;
    if outcome == *expected {
        return;
    }
    while outcome.is_temporary() {
        RETRIES.fetch_add(1, Ordering::Relaxed);
        outcome = migrator.login(customers::login(number)).await.outcome;
    }
    // An earlier try may have completed meanwhile.
    assert!(outcome.is_success(), "{outcome:?}");
}
