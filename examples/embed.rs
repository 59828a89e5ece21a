//! Landfall as a library: the engine alone, and then the login over an export and SQLite files.
//!
//! Run it with `cargo run --example embed`.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use landfall::adapters::file::{FileSettings, FileSource};
use landfall::adapters::sqlite::{AccountStore, SqliteLedger};
use landfall::adapters::stored_hash::StoredHashVerifier;
use landfall::diag::{Files, Findings, render};
use landfall::engine::{self, Bump, NoFiles, Outcome, Plan, compile};
use landfall::hashing::{Hasher, MostExpensive, TimeSettings};
use landfall::migrate::{
    self, Answer, Challenge, LegacySystem, LiveRules, Login, Migrator, MigratorParts, MigratorSettings, RuleSet,
    Verifiers, bind_store,
};
use landfall::password::lane::{Lane, LaneSettings};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters};
use landfall::password::{Credential, Limits};
use landfall::ports::{IdentifierProfile, Keyring, NoHooks, SystemClock};
use zeroize::Zeroizing;

const RULES: &str = "
landfall: 1
name: shop
identify: { id: $.id, logins: [ $.login, $.mail ] }
account:
  external_id: $.id
  username: { from: $.login, do: [ trim, lowercase ] }
  email.value: { from: $.mail, do: [ trim, email ], on_error: reject }
credential: { from: $.hash, scheme: bcrypt }
";

/// One line of an export. The password is `harbour-lamp-42`.
const EXPORT: &str = r#"{"id":1,"login":" Ida.Brandt","mail":"Ida.Brandt@Example.com","hash":"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.6/UQE4RgJUiGpVd38goaqoUp26vkx9e"}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout()).await
}

/// The whole example. It writes what happens.
pub async fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let plan = compiled()?;
    writeln!(out, "mapped without a login: {}", mapped(&plan, EXPORT)?)?;

    // A real program keeps this folder: it contains the accounts and the ledger.
    let folder = tempfile::tempdir()?;
    let migrator = migrator(plan, folder.path()).await?;
    // Settles what a crash has interrupted. A program that goes on running repeats both calls every second.
    migrator.recover().await?;
    migrator.watch().await?;

    for (what, password) in
        [("wrong password", "harbour-lamp-43"), ("first login", "harbour-lamp-42"), ("second login", "harbour-lamp-42")]
    {
        let answer = sign_in(&migrator, "ida.brandt", password).await;
        writeln!(out, "{what}: {}", answer.outcome.name())?;
    }
    Ok(())
}

fn compiled() -> Result<Plan, Box<dyn Error>> {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("shop.yaml", RULES);
    // `NoFiles`: these rules refer to no other file. Others need a `Loader`, because the engine opens no files.
    compile(&mut files, file, &NoFiles, &mut findings).ok_or_else(|| render::plain(&files, &findings.sorted()).into())
}

/// The account that the rules make of a record. Nothing is verified and nothing is stored.
fn mapped(plan: &Plan, record: &str) -> Result<String, Box<dyn Error>> {
    // The outcome borrows from the record and the arena, so that a run copies almost nothing.
    let (settings, arena) = (engine::Settings::default(), Bump::new());
    // One record can become several accounts if the rules say so; these make one.
    match plan.run(record, &settings, &arena, &mut engine::Silent).outcomes.as_slice() {
        [Outcome::Account(made)] => {
            let mut json = Vec::new();
            made.write_json(&mut json);
            Ok(String::from_utf8(json)?)
        }
        outcomes => Err(format!("not an account: {outcomes:?}").into()),
    }
}

async fn migrator(plan: Plan, folder: &Path) -> Result<Migrator, Box<dyn Error>> {
    // A login must end within this time. Shorter in production, where customers wait; here it allows for slow machines.
    let settings = MigratorSettings { deadline: Duration::from_secs(10), ..MigratorSettings::default() };
    let hasher = hasher(&plan, settings.deadline)?;

    let export = folder.join("export.ndjson");
    std::fs::write(&export, EXPORT)?;
    let source = FileSource::open(FileSettings::new(export, &["$.login", "$.mail"]), IdentifierProfile::default())?;

    // The ledger contains keyed digests instead of identifiers. Keep the key: 32 random bytes outside of the database.
    let keyring = Arc::new(Keyring::new(&[7; 32])?);
    let ledger = SqliteLedger::open(&folder.join("ledger.db").display().to_string(), Arc::clone(&keyring)).await?;
    let target = AccountStore::open("accounts", &folder.join("accounts.db"), Arc::clone(&hasher)).await?;
    // Otherwise a ledger could be used with another store, where its customers would seem to have been deleted.
    bind_store(&ledger, &target).await?;

    let verifiers = Verifiers::only(Arc::new(StoredHashVerifier::new(Arc::clone(&hasher))));
    // The last argument names this version of the rules in the ledger. The program uses a hash of all rule files.
    let rules = RuleSet::new(plan, engine::Settings::default(), "shop 1")?;
    let parts = MigratorParts {
        legacy: LegacySystem::new(Arc::new(source), verifiers, Arc::new(LiveRules::new(rules))),
        more: Vec::new(),
        target: Arc::new(target),
        ledger: Arc::new(ledger),
        clock: Arc::new(SystemClock),
        hasher,
        hooks: Arc::new(NoHooks),
        observer: Arc::new(migrate::Silent),
        keyring,
    };
    Ok(Migrator::new(parts, settings))
}

/// All hashes are computed by one hasher on a few threads, so that logins cannot exhaust processors and memory.
fn hasher(plan: &Plan, deadline: Duration) -> Result<Arc<Hasher>, Box<dyn Error>> {
    // Computed for customers who do not exist: a typical hash of the legacy system, so that they take as long as others.
    let decoy = Credential::encoded("bcrypt", "$2y$10$Qz3mRkT5yUxW8eJ1hLpNaO5acDNMXGDEq2G5KlrJaJKCYAuJ9qwfi");
    let store = PasswordStore::new(StoreParameters::default(), Peppers::none());
    let hasher = Hasher::new(Lane::start(LaneSettings::default())?, store, Limits::default(), &decoy)
        .map_err(|problem| problem.to_string())?;
    // Measures this machine, so that every refusal takes the same time, whatever the hash of the customer costs: the time
    // of the most expensive hash that is checked at all.
    let times = TimeSettings { deadline, longest_check: Some(Duration::from_secs(1)) };
    hasher.calibrate(MostExpensive::of(plan), times);
    Ok(Arc::new(hasher))
}

async fn sign_in(migrator: &Migrator, identifier: &str, password: &str) -> Answer {
    let login = Login {
        request_id: "example".to_owned(),
        identifier: identifier.to_owned(),
        password: Zeroizing::new(password.as_bytes().to_vec()),
        // The address of the customer, if there is one: guessing is limited per customer and per network.
        network: None,
        challenge: Challenge::None,
        tenant: None,
    };
    migrator.login(login).await
}
