//! The sign-up guard and forgot password.

use landfall::migrate::{
    AccountState, Clock as _, EventKind, Ledger as _, Outcome, PortErrorKind, Refusal, ResetAnswer, SignupAnswer,
    Subscription,
};
use landfall::sources::Fault;
use serde_json::json;

use super::house::{House, Wishes, customer, customer_with, login};

#[tokio::test]
async fn identifiers_of_legacy_customers_are_reserved() {
    let house = House::new();
    for name in ["ada", "bob"] {
        house.legacy(&customer(name));
    }
    house.login("bob", "secret bob").await;
    for (identifier, wanted) in [
        ("ADA", SignupAnswer::Reserved),
        ("bob@example.org", SignupAnswer::Reserved),
        ("carol", SignupAnswer::Free),
        ("two words", SignupAnswer::Reserved),
    ] {
        assert_eq!(house.migrator.signup_check("r1", identifier, None).await, wanted, "{identifier}");
    }
    house.source.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
    assert!(matches!(house.migrator.signup_check("r1", "carol", None).await, SignupAnswer::Unknown(_)));
}

#[tokio::test]
async fn nobody_is_free_while_some_records_cannot_be_read() {
    let (house, folder) = (House::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("export.ndjson");
    std::fs::write(&path, format!("{}\n{{\"login\":\"bob\",\"mail\":\n", customer("ada"))).unwrap();
    let settings = landfall::sources::FileSettings::new(path, &["$.login", "$.mail"]);
    let source = landfall::sources::FileSource::open("shop", settings, Default::default()).unwrap();
    assert_eq!((source.report().unread, source.report().unknown), (1, 1));
    let migrator = house.world.migrator_from(std::sync::Arc::new(source), Wishes::default());
    assert_eq!(migrator.signup_check("r1", "ada", None).await, SignupAnswer::Reserved);
    for identifier in ["bob", "carol"] {
        assert!(
            matches!(migrator.signup_check("r1", identifier, None).await, SignupAnswer::Unknown(_)),
            "{identifier}"
        );
        // a sign-in is another question: nothing is verified
        assert_eq!(login(&migrator, identifier, "secret").await.outcome, Outcome::Refused(Refusal::Unknown));
    }
}

#[tokio::test]
async fn forgot_password_makes_at_most_an_account_that_waits() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for identifier in ["ada", "nobody", "two words"] {
        assert_eq!(house.migrator.forgot_password("r1", identifier, None).await, ResetAnswer::Accepted);
    }
    let accounts = house.accounts().await;
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].state, AccountState::Pending);
    assert_eq!(house.account(&accounts[0].id).await["email"], json!({ "value": "ada@example.org", "verified": false }));
    let outcomes: Vec<_> = house.ledger.decisions().iter().map(|decision| decision.outcome).collect();
    assert_eq!(outcomes, ["accepted", "refused", "refused"]);
    let all = [Subscription { receiver: "all".into(), kinds: EventKind::ALL.to_vec() }];
    house.ledger.route(&all, house.clock.now(), 10).await.unwrap();
    let events = house.ledger.due("all", house.clock.now(), std::time::Duration::from_secs(1), 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|outgoing| outgoing.event.kind).collect();
    assert_eq!(kinds, [EventKind::PasswordReset], "nobody has come across");
    // no password at all signs in to it but the legacy one, which completes it
    assert_eq!(house.outcome("ada", "wrong").await, Outcome::Refused(Refusal::WrongPassword));
    let answer = house.login("ada", "secret ada").await;
    assert_eq!((answer.outcome, answer.account), (Outcome::Migrated, Some(accounts[0].id.clone())));
    assert_eq!(house.accounts().await.len(), 1);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
}

#[tokio::test]
async fn a_password_that_is_set_activates_the_account() {
    let house = House::new();
    house.legacy(&customer("ada"));
    house.migrator.forgot_password("r1", "ada", None).await;
    let id = house.accounts().await[0].id.clone();
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    house.migrator.set_password("r2", &id, new).await.unwrap();
    assert_eq!(house.outcome("ada", "a new one").await, Outcome::Authenticated);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

#[tokio::test]
async fn disabled_customers_get_no_account_by_forgetting() {
    let house = House::new();
    house.legacy(&customer_with("dora", &json!({ "state": "disabled" })));
    house.legacy(&customer_with("bart", &json!({ "blocked": true })));
    for identifier in ["dora", "bart"] {
        assert_eq!(house.migrator.forgot_password("r1", identifier, None).await, ResetAnswer::Accepted);
    }
    assert!(house.accounts().await.is_empty());
}
