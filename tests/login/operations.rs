//! The sign-up check and forgot password.

use landfall::adapters::file::{FileSettings, FileSource};
use landfall::adapters::memory::Fault;
use landfall::migrate::{Outcome, Refusal, ResetAnswer, SignupAnswer};
use landfall::ports::{AccountState, Clock as _, EventKind, Outbox as _, PortErrorKind, Subscription};
use serde_json::json;

use super::fixture::{Fixture, Options, customer, customer_with, login};

#[tokio::test]
async fn identifiers_of_legacy_customers_are_reserved() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        fixture.legacy(&customer(name));
    }
    fixture.login("bob", "secret bob").await;
    for (identifier, wanted) in [
        ("ADA", SignupAnswer::Reserved),
        ("bob@example.org", SignupAnswer::Reserved),
        ("carol", SignupAnswer::Free),
        ("two words", SignupAnswer::Reserved),
    ] {
        assert_eq!(fixture.migrator.signup_check("r1", identifier, None).await, wanted, "{identifier}");
    }
    fixture.source.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
    assert!(matches!(fixture.migrator.signup_check("r1", "carol", None).await, SignupAnswer::Unknown(_)));
}

#[tokio::test]
async fn no_identifier_is_free_while_some_records_are_unreadable() {
    let (fixture, folder) = (Fixture::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("export.ndjson");
    std::fs::write(&path, format!("{}\n{{\"login\":\"bob\",\"mail\":\n", customer("ada"))).unwrap();
    let settings = FileSettings { name: "shop".to_owned(), ..FileSettings::new(path, &["$.login", "$.mail"]) };
    let source = FileSource::open(settings, Default::default()).unwrap();
    assert_eq!((source.report().unread, source.report().unknown), (1, 1));
    let migrator = fixture.world.migrator_from(std::sync::Arc::new(source), Options::default());
    assert_eq!(migrator.signup_check("r1", "ada", None).await, SignupAnswer::Reserved);
    for identifier in ["bob", "carol"] {
        assert!(
            matches!(migrator.signup_check("r1", identifier, None).await, SignupAnswer::Unknown(_)),
            "{identifier}"
        );
        // a sign-in is different: the password cannot be verified
        assert_eq!(login(&migrator, identifier, "secret").await.outcome, Outcome::Refused(Refusal::Unknown));
    }
}

#[tokio::test]
async fn forgot_password_creates_at_most_a_pending_account() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for identifier in ["ada", "nobody", "two words"] {
        assert_eq!(fixture.migrator.forgot_password("r1", identifier, None, None).await, ResetAnswer::Accepted);
    }
    let accounts = fixture.accounts().await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].state, AccountState::Pending);
    assert_eq!(
        fixture.account(&accounts[0].id).await["email"],
        json!({ "value": "ada@example.org", "verified": false })
    );
    let outcomes: Vec<_> = fixture.ledger.decisions().iter().map(|decision| decision.outcome.name()).collect();
    assert_eq!(outcomes, ["accepted", "refused", "refused"]);
    let all = [Subscription::new("all", &EventKind::ALL)];
    fixture.ledger.route(&all, fixture.clock.now(), 10).await.unwrap();
    let events = fixture.ledger.due(&all[0], fixture.clock.now(), std::time::Duration::from_secs(1), 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|outgoing| outgoing.event.kind).collect();
    assert_eq!(kinds, [EventKind::PasswordReset], "nobody is migrated");
    // only the legacy password signs in to it, which completes the account
    assert_eq!(fixture.outcome("ada", "wrong").await, Outcome::Refused(Refusal::WrongPassword));
    let answer = fixture.login("ada", "secret ada").await;
    assert_eq!((answer.outcome, answer.account), (Outcome::Migrated, Some(accounts[0].id.clone())));
    assert_eq!(fixture.accounts().await.len(), 1);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

#[tokio::test]
async fn setting_a_password_activates_the_account() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.migrator.forgot_password("r1", "ada", None, None).await;
    let id = fixture.accounts().await[0].id.clone();
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    fixture.migrator.set_password("r2", &id, new).await.unwrap();
    assert_eq!(fixture.outcome("ada", "a new one").await, Outcome::Authenticated);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

#[tokio::test]
async fn disabled_customers_get_no_account_from_a_reset() {
    let fixture = Fixture::new();
    fixture.legacy(&customer_with("dora", &json!({ "state": "disabled" })));
    fixture.legacy(&customer_with("bart", &json!({ "blocked": true })));
    for identifier in ["dora", "bart"] {
        assert_eq!(fixture.migrator.forgot_password("r1", identifier, None, None).await, ResetAnswer::Accepted);
    }
    assert!(fixture.accounts().await.is_empty());
}
