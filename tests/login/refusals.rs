//! Every refusal costs the same hashes. Its time is measured by `cargo bench --bench login -- refusals`.

use std::time::Duration;

use landfall::hashing::{HashCalls, MostExpensive, TimeSettings};
use landfall::migrate::{Outcome, Refusal, ResetAnswer, SignupAnswer};
use landfall::ports::EventKind;
use serde_json::json;

use super::fixture::{Fixture, Options, customer, customer_with};

/// One customer for each class of refusal: the identifier, the password, and the expected outcome.
async fn classes(fixture: &Fixture) -> Vec<(&'static str, &'static str, Outcome)> {
    let refused = Outcome::Refused;
    for name in ["ada", "bob", "erin"] {
        fixture.legacy(&customer(name));
    }
    fixture.legacy(&customer_with("dora", &json!({ "state": "disabled" })));
    fixture.legacy(&customer_with("luke", &json!({ "state": "locked" })));
    fixture.legacy(&customer_with("bart", &json!({ "blocked": true })));
    fixture.legacy(&customer_with("rick", &json!({ "mail": "no-address" })));
    fixture.legacy(&customer_with("nora", &json!({ "password": null })));
    fixture.legacy(&customer_with("mary", &json!({ "password": "$2b$10$cut" })));
    let mut other = customer("somebody");
    other["id"] = json!("id-x");
    fixture.source.insert(&["wrong-record"], other.to_string()).unwrap();
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Migrated);
    let id = fixture.login("erin", "secret erin").await.account.unwrap();
    fixture.target.disable(&id, jiff::Timestamp::UNIX_EPOCH);
    for _ in 0..10 {
        fixture.outcome("ove", "guess").await;
    }
    vec![
        ("nobody", "x", refused(Refusal::Unknown)),
        ("ada", "wrong", refused(Refusal::WrongPassword)),
        ("bob", "wrong", refused(Refusal::WrongPasswordAtTarget)),
        ("erin", "secret erin", refused(Refusal::Disabled)),
        ("dora", "secret dora", refused(Refusal::Disabled)),
        ("luke", "secret luke", refused(Refusal::Locked)),
        ("bart", "secret bart", Outcome::DeniedByRule("blocked".to_owned())),
        ("rick", "secret rick", Outcome::InvalidRecord),
        ("nora", "secret nora", refused(Refusal::Unverifiable)),
        ("mary", "secret mary", refused(Refusal::Unverifiable)),
        ("wrong-record", "secret somebody", Outcome::InvalidRecord),
        ("ove", "guess", refused(Refusal::Attempts)),
        ("two words", "x", refused(Refusal::Malformed)),
        ("ada", "nul \0 byte", refused(Refusal::Malformed)),
        ("ada", "", refused(Refusal::Malformed)),
    ]
}

#[tokio::test]
async fn every_class_computes_the_same_hashes() {
    let fixture = Fixture::new();
    for (identifier, password, expected) in classes(&fixture).await {
        let (outcome, hashes) = fixture.hashes(fixture.outcome(identifier, password)).await;
        assert_eq!(outcome, expected, "{identifier}");
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 }, "{identifier}: {expected:?}");
    }
}

#[tokio::test]
async fn a_long_password_is_refused_like_any_other() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for length in [1025, 5000, 1_000_000] {
        let password = "x".repeat(length);
        let (outcome, hashes) = fixture.hashes(fixture.outcome("ada", &password)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::Malformed));
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
    }
}

/// With both cheap and expensive hashes, every refusal costs one hash of each kind, and earlier sign-ins do not change
/// what is computed for an unknown customer.
#[tokio::test]
async fn an_expensive_hash_does_not_change_the_decoy() {
    let fixture = Fixture::new();
    let bcrypt = "$2b$06$uLFGgB0Zhiim6lOmKvdHNONTn5snLDQcdPFm5NIsRxJ6oZSbOzzQ.";
    fixture.legacy(&customer_with("expensive", &json!({ "password": bcrypt })));
    let time = fixture.hasher.longest_check();
    for _ in 0..3 {
        for (identifier, expected) in [("expensive", Refusal::WrongPassword), ("nobody", Refusal::Unknown)] {
            let (outcome, hashes) = fixture.hashes(fixture.outcome(identifier, "wrong")).await;
            assert_eq!(outcome, Outcome::Refused(expected), "{identifier}");
            assert_eq!(hashes, HashCalls { legacy: 1, target: 1 }, "{identifier}");
        }
    }
    assert_eq!(fixture.hasher.longest_check(), time);
    let began = std::time::Instant::now();
    let password = std::sync::Arc::new(landfall::model::Password::new(b"wrong".to_vec()).unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(9);
    let mut least = Duration::MAX;
    for _ in 0..5 {
        least = least.min(fixture.hasher.legacy_decoy(&password, deadline).await.unwrap());
    }
    assert!(least <= began.elapsed());
    // The decoy of this fixture is MD5; a bcrypt hash of cost 6 is a few thousand times as expensive.
    assert!(least < Duration::from_millis(2), "the decoy took {least:?}");
}

/// A hash that no login can check is refused like a wrong password, counts like one, and is reported to the operator.
#[tokio::test]
async fn a_hash_that_is_too_expensive_is_one_refusal() {
    let mut options = Options::default();
    options.settings.attempts.customer.limit = 3;
    let fixture = Fixture::with(options);
    let settings = TimeSettings { deadline: Duration::from_secs(20), longest_check: Some(Duration::from_millis(100)) };
    fixture.hasher.calibrate(MostExpensive::Bcrypt, settings);
    let bcrypt = |cost: u32| format!("$2b${cost}$uLFGgB0Zhiim6lOmKvdHNONTn5snLDQcdPFm5NIsRxJ6oZSbOzzQ.");
    fixture.legacy(&customer_with("expensive", &json!({ "password": bcrypt(15) })));
    fixture.legacy(&customer_with("most-expensive", &json!({ "password": bcrypt(17) })));
    for identifier in ["expensive", "most-expensive"] {
        for _ in 0..3 {
            let (outcome, hashes) = fixture.hashes(fixture.outcome(identifier, "whatever")).await;
            assert_eq!(outcome, Outcome::Refused(Refusal::CostRefused));
            assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
        }
        assert_eq!(fixture.outcome(identifier, "whatever").await, Outcome::Refused(Refusal::Attempts));
    }
    let events = fixture.events().await;
    let reported = events.iter().filter(|event| event.reason == "cost_refused").count();
    assert_eq!(reported, 6);
    assert!(events.iter().all(|event| event.kind == EventKind::Failed));
}

/// An unreadable record, or two records, is a fault of that customer's record: one refusal, counted and reported.
#[tokio::test]
async fn a_bad_record_is_one_refusal() {
    let mut options = Options::default();
    options.settings.attempts.customer.limit = 3;
    let fixture = Fixture::with(options);
    for twin in ["one", "other"] {
        fixture.source.insert(&["twin", "pair"], customer(twin).to_string()).unwrap();
    }
    for _ in 0..3 {
        let (answer, hashes) = fixture.hashes(fixture.login("twin", "whatever")).await;
        assert_eq!((&answer.outcome, answer.retry_after), (&Outcome::UnreadableRecord, None));
        assert_eq!((answer.outcome.name(), answer.outcome.reason().name()), ("invalid_record", "unreadable"));
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
    }
    assert_eq!(fixture.outcome("twin", "whatever").await, Outcome::Refused(Refusal::Attempts));
    let events = fixture.events().await;
    assert_eq!(events.iter().filter(|event| event.reason == "unreadable").count(), 3);
    assert_eq!(fixture.migrator.signup_check("r2", "twin", None).await, SignupAnswer::Reserved);
    assert_eq!(fixture.migrator.forgot_password("r3", "pair", None, None).await, ResetAnswer::Accepted);
    assert!(fixture.accounts().await.is_empty());
}
