//! Nobody gets the login of somebody else by putting it in their own record.

use std::fs;
use std::sync::Arc;

use landfall::adapters::file::{FileSettings, FileSource};
use landfall::adapters::memory::Fault;
use landfall::adapters::sql::{SqlSettings, SqlSource};
use landfall::migrate::{Migrator, MigratorSettings, Outcome, Refusal, ResetAnswer};
use landfall::ports::{DecisionReason, EventKind, IdentifierProfile, PortErrorKind, Source};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::fixture::{Fixture, Options, customer, customer_with, login};

/// The email address that both customers claim.
const CONTESTED: &str = "victim@example.org";

/// A customer whose user name is the email address of another one.
fn mallory() -> Value {
    customer_with("mallory", &json!({ "login": CONTESTED }))
}

/// A fixture whose source resolves the contested address to the victim alone, like a database whose query checks email
/// addresses first.
fn resolves_to_the_victim() -> Fixture {
    let fixture = Fixture::new();
    fixture.legacy(&customer("victim"));
    fixture.source.insert(&["mallory@example.org"], mallory().to_string()).unwrap();
    fixture
}

/// The logins that the accounts own.
async fn owned(fixture: &Fixture) -> Vec<Vec<String>> {
    let mut owned: Vec<_> = fixture.accounts().await.into_iter().map(|account| account.logins).collect();
    owned.sort();
    owned
}

async fn events(fixture: &Fixture) -> Vec<(EventKind, String)> {
    fixture.events().await.into_iter().map(|event| (event.kind, event.reason)).collect()
}

fn with(settings: impl FnOnce(&mut MigratorSettings)) -> Options {
    let mut options = Options::default();
    settings(&mut options.settings);
    options
}

#[tokio::test]
async fn a_login_in_two_records_belongs_to_neither() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("victim"));
    fixture.legacy(&mallory());
    assert_eq!(fixture.outcome("mallory@example.org", "secret mallory").await, Outcome::Migrated);
    assert_eq!(fixture.outcome("victim", "secret victim").await, Outcome::Migrated, "the victim is not blocked");
    assert_eq!(owned(&fixture).await, [["mallory@example.org"], ["victim"]]);
    for password in ["secret mallory", "secret victim"] {
        assert!(!fixture.outcome(CONTESTED, password).await.is_success(), "the login is ambiguous");
    }
    for name in ["mallory@example.org", "victim"] {
        let password = format!("secret {}", name.split('@').next().unwrap());
        assert_eq!(fixture.outcome(name, &password).await, Outcome::Authenticated);
    }
}

#[tokio::test]
async fn the_owner_of_an_address_keeps_it_whoever_signs_in_first() {
    for first in ["victim", "mallory"] {
        let fixture = resolves_to_the_victim();
        let by = |name: &str| (format!("{name}@example.org"), format!("secret {name}"));
        let second = if first == "victim" { "mallory" } else { "victim" };
        for name in [first, second] {
            let (identifier, password) = by(name);
            assert_eq!(fixture.outcome(&identifier, &password).await, Outcome::Migrated, "{name} after {first}");
        }
        for identifier in ["victim", CONTESTED] {
            assert_eq!(fixture.outcome(identifier, "secret victim").await, Outcome::Authenticated, "{identifier}");
            assert!(!fixture.outcome(identifier, "secret mallory").await.is_success(), "{identifier}");
        }
        assert_eq!(owned(&fixture).await, [vec!["mallory@example.org"], vec!["victim", CONTESTED]]);
    }
}

#[tokio::test]
async fn a_login_in_three_records_belongs_to_none_of_them() {
    let fixture = Fixture::new();
    let names = ["ada", "bob", "carol"];
    for name in names {
        fixture.legacy(&customer_with(name, &json!({ "login": "shared" })));
    }
    for name in names {
        assert_eq!(fixture.outcome(&format!("{name}@example.org"), &format!("secret {name}")).await, Outcome::Migrated);
    }
    assert_eq!(owned(&fixture).await, names.map(|name| [format!("{name}@example.org")]));
}

#[tokio::test]
async fn the_operator_is_notified() {
    let fixture = resolves_to_the_victim();
    fixture.login("mallory@example.org", "secret mallory").await;
    fixture.login("victim", "secret victim").await;
    let reasons: Vec<_> = fixture.ledger.decisions().into_iter().map(|decision| decision.reason).collect();
    assert_eq!(reasons, [DecisionReason::LoginLeftOut, DecisionReason::None]);
    let reported = [EventKind::Migrated, EventKind::NeedsAction, EventKind::Migrated];
    let events = events(&fixture).await;
    assert_eq!(events.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), reported);
    assert_eq!(events[1].1, "login_left_out");
    let steps = fixture.steps.0.lock().unwrap().join("\n");
    assert!(steps.contains("LookedUpLogins { source: \"shop\", left_out: 1"), "{steps}");
    assert!(!steps.contains("victim"), "{steps}");
}

#[tokio::test]
async fn nothing_is_written_while_a_lookup_fails() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.source.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::LegacyUnavailable);
    assert!(fixture.accounts().await.is_empty());
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(owned(&fixture).await, [["ada", "ada@example.org"]]);
}

#[tokio::test]
async fn a_login_that_resolves_to_a_bad_record_or_nobody_is_left_out() {
    let fixture = Fixture::new();
    let record = customer_with("ada", &json!({ "login": "huge" })).to_string();
    fixture.source.insert(&["ada@example.org"], record).unwrap();
    fixture.source.insert(&["huge"], format!("{{\"filler\":\"{}\"}}", "x".repeat(300 * 1024))).unwrap();
    fixture.source.insert(&["bob@example.org"], customer("bob").to_string()).unwrap();
    for name in ["ada", "bob"] {
        assert_eq!(fixture.outcome(&format!("{name}@example.org"), &format!("secret {name}")).await, Outcome::Migrated);
    }
    assert_eq!(owned(&fixture).await, [["ada@example.org"], ["bob@example.org"]]);
}

#[tokio::test]
async fn a_typed_login_is_compared_in_canonical_form() {
    // A source that compares spellings exactly: the customer in capitals is another one.
    let fixture = Fixture::new();
    let profile = IdentifierProfile::default();
    let shouted = customer_with("mallory", &json!({ "login": "VICTIM" }));
    let exact = Arc::new(ExactSource(vec![("victim".into(), customer("victim")), ("VICTIM".into(), shouted)]));
    let migrator = fixture.world.migrator_from(exact, Options::default());
    assert_eq!(profile.canonical("VICTIM").unwrap().canonical(), "victim");
    assert_eq!(login(&migrator, "VICTIM", "secret mallory").await.outcome, Outcome::Conflict);
    assert_eq!(login(&migrator, "victim", "secret victim").await.outcome, Outcome::Migrated);
    assert_eq!(owned(&fixture).await, [["victim"]]);
}

/// A source that compares the typed identifier byte by byte.
struct ExactSource(Vec<(String, Value)>);

impl Source for ExactSource {
    fn name(&self) -> &str {
        "exact"
    }

    fn fetch<'a>(
        &'a self,
        _: landfall::ports::Call<'a>,
        identifier: &'a landfall::ports::Identifier,
    ) -> landfall::ports::BoxFuture<'a, Result<Option<landfall::ports::Record>, landfall::ports::PortError>> {
        let found = self.0.iter().find(|(login, _)| login == identifier.typed());
        let record = found.map(|(_, record)| landfall::ports::Record::new(record.to_string()));
        Box::pin(async move { Ok(record) })
    }
}

#[tokio::test]
async fn lookups_are_bounded_and_can_be_disabled() {
    for (options, calls, logins) in [
        (with(|_| {}), 2, &["ada", "ada@example.org"][..]),
        (with(|settings| settings.lookups = 0), 1, &["ada"]),
        (Options { unique_logins: true, ..Options::default() }, 1, &["ada", "ada@example.org"]),
    ] {
        let fixture = Fixture::with(options);
        fixture.legacy(&customer("ada"));
        assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
        assert_eq!(
            (fixture.source.calls(), owned(&fixture).await.concat()),
            (calls, logins.iter().map(|&login| login.to_owned()).collect())
        );
    }
}

#[tokio::test]
async fn a_left_out_login_signs_in_with_the_account_password() {
    let fixture = Fixture::with(with(|settings| settings.lookups = 0));
    fixture.legacy(&customer("ada"));
    let id = fixture.login("ada", "secret ada").await.account.unwrap();
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    fixture.migrator.set_password("r2", &id, new).await.unwrap();
    let later = fixture.login("ada@example.org", "a new one").await;
    assert_eq!((later.outcome, later.account), (Outcome::Authenticated, Some(id)));
    for password in ["secret ada", "a guess"] {
        let refused = fixture.outcome("ada@example.org", password).await;
        assert_eq!(refused, Outcome::Refused(Refusal::WrongPasswordAtTarget), "{password}");
    }
    assert_eq!(fixture.accounts().await.len(), 1);
}

#[tokio::test]
async fn guesses_cost_the_source_one_fetch() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    assert_eq!(fixture.outcome("ada", "a guess").await, Outcome::Refused(Refusal::WrongPassword));
    assert_eq!(fixture.source.calls(), 1);
}

#[tokio::test]
async fn a_reset_of_a_contested_address_names_no_account() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("victim"));
    fixture.legacy(&mallory());
    fixture.migrator.forgot_password("r1", CONTESTED, None, None).await;
    assert!(
        fixture.accounts().await.is_empty() && events(&fixture).await.is_empty(),
        "the address is ambiguous at the source"
    );

    let fixture = Fixture::new();
    fixture.source.insert(&[CONTESTED, "mallory@example.org"], mallory().to_string()).unwrap();
    assert_eq!(fixture.migrator.forgot_password("r1", CONTESTED, None, None).await, ResetAnswer::Accepted);
    assert!(
        fixture.accounts().await.is_empty() && events(&fixture).await.is_empty(),
        "the account is not reachable at that address"
    );

    // An account created by older rules that owns all of the logins in its record.
    let fixture = Fixture::with(Options { unique_logins: true, ..Options::default() });
    fixture.source.insert(&["mallory@example.org"], mallory().to_string()).unwrap();
    fixture.login("mallory@example.org", "secret mallory").await;
    assert_eq!(owned(&fixture).await, [[CONTESTED, "mallory@example.org"]]);
    assert_eq!(fixture.migrator.forgot_password("r1", CONTESTED, None, None).await, ResetAnswer::Accepted);
    assert_eq!(events(&fixture).await.iter().filter(|(kind, _)| *kind == EventKind::PasswordReset).count(), 0);
    fixture.clock.advance(10);
    fixture.migrator.forgot_password("r1", "mallory@example.org", None, None).await;
    assert_eq!(events(&fixture).await.iter().filter(|(kind, _)| *kind == EventKind::PasswordReset).count(), 1);
}

#[tokio::test]
async fn a_pending_account_owns_no_login_of_others() {
    let fixture = resolves_to_the_victim();
    fixture.migrator.forgot_password("r1", "mallory@example.org", None, None).await;
    assert_eq!(owned(&fixture).await, [["mallory@example.org"]]);
    assert_eq!(fixture.ledger.decisions()[0].reason, DecisionReason::LoginLeftOut);
    assert_eq!(fixture.outcome(CONTESTED, "secret victim").await, Outcome::Migrated);
}

/// Mallory signs in first with her other login, then the victim with both of hers.
async fn assert_safe(fixture: &Fixture, migrator: &Migrator, source: &str) {
    let outcome = async |identifier: &str, password: &str| login(migrator, identifier, password).await.outcome;
    assert_eq!(outcome("mallory@example.org", "secret mallory").await, Outcome::Migrated, "{source}");
    assert_eq!(outcome("victim", "secret victim").await, Outcome::Migrated, "{source}");
    assert!(owned(fixture).await.contains(&vec!["mallory@example.org".to_owned()]), "{source}");
    assert!(!outcome(CONTESTED, "secret mallory").await.is_success(), "{source}");
}

#[tokio::test]
async fn a_file_source_gives_no_login_of_others() {
    let (fixture, folder) = (Fixture::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("export.ndjson");
    fs::write(&path, format!("{}\n{}\n{}\n", customer("victim"), mallory(), customer("ada"))).unwrap();
    let settings = FileSettings { name: "shop".to_owned(), ..FileSettings::new(path, &["$.login", "$.mail"]) };
    let source = FileSource::open(settings, IdentifierProfile::default()).unwrap();
    let migrator = fixture.world.migrator_from(Arc::new(source), Options::default());
    assert_safe(&fixture, &migrator, "file").await;
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    let all = [vec!["ada", "ada@example.org"], vec!["mallory@example.org"], vec!["victim"]];
    assert_eq!(owned(&fixture).await, all);
}

#[tokio::test]
async fn a_database_source_gives_no_login_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("legacy.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE users(id, login, mail, password)").execute(&mut connection).await.unwrap();
    for user in [customer("victim"), mallory()] {
        let values = ["id", "login", "mail", "password"].map(|column| format!("'{}'", user[column].as_str().unwrap()));
        let insert = format!("INSERT INTO users VALUES ({})", values.join(", "));
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    // One query that finds both records, and one that prefers email addresses.
    for (query, also_by_mail) in [
        ("SELECT * FROM users WHERE login = :identifier OR mail = :identifier", false),
        (
            "SELECT * FROM users WHERE mail = :identifier OR (login = :identifier \
             AND NOT EXISTS (SELECT 1 FROM users WHERE mail = :identifier))",
            true,
        ),
    ] {
        let fixture = Fixture::new();
        let settings = SqlSettings::new(format!("sqlite:{}", path.display()), query);
        let source = SqlSource::new("shop", settings).unwrap();
        let migrator = fixture.world.migrator_from(Arc::new(source), Options::default());
        assert_safe(&fixture, &migrator, query).await;
        let by_mail = login(&migrator, CONTESTED, "secret victim").await.outcome;
        assert_eq!(by_mail.is_success(), also_by_mail, "{query}");
    }
}
