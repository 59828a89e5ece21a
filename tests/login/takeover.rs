//! Nobody receives the login of somebody else by writing it into their own record.

use std::fs;
use std::sync::Arc;

use landfall::migrate::{
    EventKind, IdentifierProfile, Migrator, MigratorSettings, Outcome, PortErrorKind, Refusal, ResetAnswer, Source,
};
use landfall::sources::{Fault, FileSettings, FileSource, SqlSettings, SqlSource};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use super::house::{House, Wishes, customer, customer_with, login};

/// The mail address that both want.
const CONTESTED: &str = "victim@example.org";

/// A customer whose user name is the mail address of another one.
fn mallory() -> Value {
    customer_with("mallory", &json!({ "login": CONTESTED }))
}

/// A house in which the source leads from the contested address to the victim alone, as a database does whose query looks at
/// mail addresses first.
fn leads_to_the_victim() -> House {
    let house = House::new();
    house.legacy(&customer("victim"));
    house.source.insert(&["mallory@example.org"], mallory().to_string()).unwrap();
    house
}

/// What the accounts own.
async fn owned(house: &House) -> Vec<Vec<String>> {
    let mut owned: Vec<_> = house.accounts().await.into_iter().map(|account| account.logins).collect();
    owned.sort();
    owned
}

async fn events(house: &House) -> Vec<(EventKind, String)> {
    house.events().await.into_iter().map(|event| (event.kind, event.reason)).collect()
}

fn with(settings: impl FnOnce(&mut MigratorSettings)) -> Wishes {
    let mut wishes = Wishes::default();
    settings(&mut wishes.settings);
    wishes
}

#[tokio::test]
async fn a_login_that_two_records_have_belongs_to_neither() {
    let house = House::new();
    house.legacy(&customer("victim"));
    house.legacy(&mallory());
    assert_eq!(house.outcome("mallory@example.org", "secret mallory").await, Outcome::Migrated);
    assert_eq!(house.outcome("victim", "secret victim").await, Outcome::Migrated, "nothing stands in her way");
    assert_eq!(owned(&house).await, [["mallory@example.org"], ["victim"]]);
    for password in ["secret mallory", "secret victim"] {
        assert!(!house.outcome(CONTESTED, password).await.is_success(), "the source cannot say who it is");
    }
    for name in ["mallory@example.org", "victim"] {
        let password = format!("secret {}", name.split('@').next().unwrap());
        assert_eq!(house.outcome(name, &password).await, Outcome::Authenticated);
    }
}

#[tokio::test]
async fn the_owner_of_an_address_keeps_it_whoever_comes_first() {
    for first in ["victim", "mallory"] {
        let house = leads_to_the_victim();
        let by = |name: &str| (format!("{name}@example.org"), format!("secret {name}"));
        let second = if first == "victim" { "mallory" } else { "victim" };
        for name in [first, second] {
            let (identifier, password) = by(name);
            assert_eq!(house.outcome(&identifier, &password).await, Outcome::Migrated, "{name} after {first}");
        }
        for identifier in ["victim", CONTESTED] {
            assert_eq!(house.outcome(identifier, "secret victim").await, Outcome::Authenticated, "{identifier}");
            assert!(!house.outcome(identifier, "secret mallory").await.is_success(), "{identifier}");
        }
        assert_eq!(owned(&house).await, [vec!["mallory@example.org"], vec!["victim", CONTESTED]]);
    }
}

#[tokio::test]
async fn what_three_records_list_belongs_to_none_of_them() {
    let house = House::new();
    let names = ["ada", "bob", "carol"];
    for name in names {
        house.legacy(&customer_with(name, &json!({ "login": "shared" })));
    }
    for name in names {
        assert_eq!(house.outcome(&format!("{name}@example.org"), &format!("secret {name}")).await, Outcome::Migrated);
    }
    assert_eq!(owned(&house).await, names.map(|name| [format!("{name}@example.org")]));
}

#[tokio::test]
async fn the_operator_is_told() {
    let house = leads_to_the_victim();
    house.login("mallory@example.org", "secret mallory").await;
    house.login("victim", "secret victim").await;
    let reasons: Vec<_> =
        house.ledger.decisions().into_iter().map(|decision| (decision.outcome, decision.reason)).collect();
    assert_eq!(reasons, [("migrated", "login_left_out".to_owned()), ("migrated", String::new())]);
    let told = [EventKind::Migrated, EventKind::NeedsAction, EventKind::Migrated];
    let events = events(&house).await;
    assert_eq!(events.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), told);
    assert_eq!(events[1].1, "login_left_out");
    let heard = house.heard.0.lock().unwrap().join("\n");
    assert!(heard.contains("LookedUpLogins { source: \"shop\", left_out: 1"), "{heard}");
    assert!(!heard.contains("victim"), "{heard}");
}

#[tokio::test]
async fn nothing_is_written_while_a_login_cannot_be_looked_up() {
    let house = House::new();
    house.legacy(&customer("ada"));
    house.source.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::LegacyUnavailable);
    assert!(house.accounts().await.is_empty());
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(owned(&house).await, [["ada", "ada@example.org"]]);
}

#[tokio::test]
async fn a_login_that_leads_to_a_faulty_record_or_to_nobody_is_left_out() {
    let house = House::new();
    let record = customer_with("ada", &json!({ "login": "huge" })).to_string();
    house.source.insert(&["ada@example.org"], record).unwrap();
    house.source.insert(&["huge"], format!("{{\"filler\":\"{}\"}}", "x".repeat(300 * 1024))).unwrap();
    house.source.insert(&["bob@example.org"], customer("bob").to_string()).unwrap();
    for name in ["ada", "bob"] {
        assert_eq!(house.outcome(&format!("{name}@example.org"), &format!("secret {name}")).await, Outcome::Migrated);
    }
    assert_eq!(owned(&house).await, [["ada@example.org"], ["bob@example.org"]]);
}

#[tokio::test]
async fn what_was_typed_is_held_against_its_one_spelling() {
    // A source that tells spellings apart: the customer in capitals is another one.
    let house = House::new();
    let profile = IdentifierProfile::default();
    let shouted = customer_with("mallory", &json!({ "login": "VICTIM" }));
    let exact = Arc::new(Exact(vec![("victim".into(), customer("victim")), ("VICTIM".into(), shouted)]));
    let migrator = house.world.migrator_from(exact, Wishes::default());
    assert_eq!(profile.canonical("VICTIM").unwrap().canonical(), "victim");
    assert_eq!(login(&migrator, "VICTIM", "secret mallory").await.outcome, Outcome::Conflict);
    assert_eq!(login(&migrator, "victim", "secret victim").await.outcome, Outcome::Migrated);
    assert_eq!(owned(&house).await, [["victim"]]);
}

/// A source that compares what was typed byte by byte.
struct Exact(Vec<(String, Value)>);

impl Source for Exact {
    fn name(&self) -> &str {
        "exact"
    }

    fn fetch<'a>(
        &'a self,
        identifier: &'a landfall::migrate::Identifier,
        _: tokio::time::Instant,
    ) -> landfall::migrate::BoxFuture<'a, Result<Option<landfall::migrate::Record>, landfall::migrate::PortError>> {
        let found = self.0.iter().find(|(login, _)| login == identifier.typed());
        let record = found.map(|(_, record)| landfall::migrate::Record::new(record.to_string()));
        Box::pin(async move { Ok(record) })
    }
}

#[tokio::test]
async fn lookups_are_bounded_and_can_be_spared() {
    for (wishes, calls, logins) in [
        (with(|_| {}), 2, &["ada", "ada@example.org"][..]),
        (with(|settings| settings.lookups = 0), 1, &["ada"]),
        (with(|settings| settings.unique_logins = true), 1, &["ada", "ada@example.org"]),
    ] {
        let house = House::with(wishes);
        house.legacy(&customer("ada"));
        assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
        assert_eq!(
            (house.source.calls(), owned(&house).await.concat()),
            (calls, logins.iter().map(|&login| login.to_owned()).collect())
        );
    }
}

#[tokio::test]
async fn a_login_that_was_left_out_leads_to_the_account_and_its_password() {
    let house = House::with(with(|settings| settings.lookups = 0));
    house.legacy(&customer("ada"));
    let id = house.login("ada", "secret ada").await.account.unwrap();
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    house.migrator.set_password("r2", &id, new).await.unwrap();
    let later = house.login("ada@example.org", "a new one").await;
    assert_eq!((later.outcome, later.account), (Outcome::Authenticated, Some(id)));
    for password in ["secret ada", "a guess"] {
        let refused = house.outcome("ada@example.org", password).await;
        assert_eq!(refused, Outcome::Refused(Refusal::WrongPasswordAtTarget), "{password}");
    }
    assert_eq!(house.accounts().await.len(), 1);
}

#[tokio::test]
async fn guesses_cost_the_source_one_fetch() {
    let house = House::new();
    house.legacy(&customer("ada"));
    assert_eq!(house.outcome("ada", "a guess").await, Outcome::Refused(Refusal::WrongPassword));
    assert_eq!(house.source.calls(), 1);
}

#[tokio::test]
async fn a_reset_of_a_contested_address_names_nobody() {
    let house = House::new();
    house.legacy(&customer("victim"));
    house.legacy(&mallory());
    house.migrator.forgot_password("r1", CONTESTED, None).await;
    assert!(house.accounts().await.is_empty() && events(&house).await.is_empty(), "ambiguous at the source");

    let house = House::new();
    house.source.insert(&[CONTESTED, "mallory@example.org"], mallory().to_string()).unwrap();
    assert_eq!(house.migrator.forgot_password("r1", CONTESTED, None).await, ResetAnswer::Accepted);
    assert!(house.accounts().await.is_empty() && events(&house).await.is_empty(), "not reached at that address");

    // An account of earlier rules that owns all of the logins that its record lists.
    let house = House::with(with(|settings| settings.unique_logins = true));
    house.source.insert(&["mallory@example.org"], mallory().to_string()).unwrap();
    house.login("mallory@example.org", "secret mallory").await;
    assert_eq!(owned(&house).await, [[CONTESTED, "mallory@example.org"]]);
    assert_eq!(house.migrator.forgot_password("r1", CONTESTED, None).await, ResetAnswer::Accepted);
    assert_eq!(events(&house).await.iter().filter(|(kind, _)| *kind == EventKind::PasswordReset).count(), 0);
    house.clock.advance(10);
    house.migrator.forgot_password("r1", "mallory@example.org", None).await;
    assert_eq!(events(&house).await.iter().filter(|(kind, _)| *kind == EventKind::PasswordReset).count(), 1);
}

#[tokio::test]
async fn a_pending_account_owns_no_login_of_somebody_else() {
    let house = leads_to_the_victim();
    house.migrator.forgot_password("r1", "mallory@example.org", None).await;
    assert_eq!(owned(&house).await, [["mallory@example.org"]]);
    assert_eq!(house.ledger.decisions()[0].reason, "login_left_out");
    assert_eq!(house.outcome(CONTESTED, "secret victim").await, Outcome::Migrated);
}

/// Mallory comes first by her other login; then the victim, by both of hers.
async fn is_safe(house: &House, migrator: &Migrator, source: &str) {
    let outcome = async |identifier: &str, password: &str| login(migrator, identifier, password).await.outcome;
    assert_eq!(outcome("mallory@example.org", "secret mallory").await, Outcome::Migrated, "{source}");
    assert_eq!(outcome("victim", "secret victim").await, Outcome::Migrated, "{source}");
    assert!(owned(house).await.contains(&vec!["mallory@example.org".to_owned()]), "{source}");
    assert!(!outcome(CONTESTED, "secret mallory").await.is_success(), "{source}");
}

#[tokio::test]
async fn an_export_gives_no_login_of_somebody_else() {
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("export.ndjson");
    fs::write(&path, format!("{}\n{}\n{}\n", customer("victim"), mallory(), customer("ada"))).unwrap();
    let settings = FileSettings::new(path, &["$.login", "$.mail"]);
    let source = FileSource::open("shop", settings, IdentifierProfile::default()).unwrap();
    let migrator = house.world.migrator_from(Arc::new(source), Wishes::default());
    is_safe(&house, &migrator, "file").await;
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    let all = [vec!["ada", "ada@example.org"], vec!["mallory@example.org"], vec!["victim"]];
    assert_eq!(owned(&house).await, all);
}

#[tokio::test]
async fn a_database_gives_no_login_of_somebody_else() {
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
    // One query that sees both records, and one that prefers mail addresses.
    for (query, also_by_mail) in [
        ("SELECT * FROM users WHERE login = :identifier OR mail = :identifier", false),
        (
            "SELECT * FROM users WHERE mail = :identifier OR (login = :identifier \
             AND NOT EXISTS (SELECT 1 FROM users WHERE mail = :identifier))",
            true,
        ),
    ] {
        let house = House::new();
        let settings = SqlSettings::new(format!("sqlite:{}", path.display()), query);
        let source = SqlSource::new("shop", settings).unwrap();
        let migrator = house.world.migrator_from(Arc::new(source), Wishes::default());
        is_safe(&house, &migrator, query).await;
        let by_mail = login(&migrator, CONTESTED, "secret victim").await.outcome;
        assert_eq!(by_mail.is_success(), also_by_mail, "{query}");
    }
}
