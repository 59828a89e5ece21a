//! Every refusal costs the same hashes. Its time is measured by `cargo bench --bench login -- refusals`.

use std::time::Duration;

use landfall::migrate::{Dearest, EventKind, HashCalls, Outcome, Refusal, ResetAnswer, SignupAnswer, TimeSettings};
use serde_json::json;

use super::house::{House, Wishes, customer, customer_with};

/// One customer for every class of refusal: the identifier, the password, and what must come of it.
async fn classes(house: &House) -> Vec<(&'static str, &'static str, Outcome)> {
    let refused = Outcome::Refused;
    for name in ["ada", "bob", "erin"] {
        house.legacy(&customer(name));
    }
    house.legacy(&customer_with("dora", &json!({ "state": "disabled" })));
    house.legacy(&customer_with("luke", &json!({ "state": "locked" })));
    house.legacy(&customer_with("bart", &json!({ "blocked": true })));
    house.legacy(&customer_with("rick", &json!({ "mail": "no-address" })));
    house.legacy(&customer_with("nora", &json!({ "password": null })));
    house.legacy(&customer_with("mary", &json!({ "password": "$2b$10$cut" })));
    let mut other = customer("somebody");
    other["id"] = json!("id-x");
    house.source.insert(&["wrong-record"], other.to_string()).unwrap();
    assert_eq!(house.outcome("bob", "secret bob").await, Outcome::Migrated);
    let id = house.login("erin", "secret erin").await.account.unwrap();
    house.target.disable(&id, jiff::Timestamp::UNIX_EPOCH);
    for _ in 0..10 {
        house.outcome("ove", "guess").await;
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
    let house = House::new();
    for (identifier, password, wanted) in classes(&house).await {
        let (outcome, hashes) = house.hashes(house.outcome(identifier, password)).await;
        assert_eq!(outcome, wanted, "{identifier}");
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 }, "{identifier}: {wanted:?}");
    }
}

#[tokio::test]
async fn a_long_password_is_refused_like_any_other() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for length in [1025, 5000, 1_000_000] {
        let password = "x".repeat(length);
        let (outcome, hashes) = house.hashes(house.outcome("ada", &password)).await;
        assert_eq!(outcome, Outcome::Refused(Refusal::Malformed));
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
    }
}

/// A population of cheap and dear hashes: whoever is refused costs one hash of each kind, and who signed in before changes
/// nothing of what is computed for somebody unknown.
#[tokio::test]
async fn a_dear_hash_does_not_change_the_decoy() {
    let house = House::new();
    let bcrypt = "$2b$06$uLFGgB0Zhiim6lOmKvdHNONTn5snLDQcdPFm5NIsRxJ6oZSbOzzQ.";
    house.legacy(&customer_with("dear", &json!({ "password": bcrypt })));
    let time = house.hasher.longest_check();
    for _ in 0..3 {
        for (identifier, wanted) in [("dear", Refusal::WrongPassword), ("nobody", Refusal::Unknown)] {
            let (outcome, hashes) = house.hashes(house.outcome(identifier, "wrong")).await;
            assert_eq!(outcome, Outcome::Refused(wanted), "{identifier}");
            assert_eq!(hashes, HashCalls { legacy: 1, target: 1 }, "{identifier}");
        }
    }
    assert_eq!(house.hasher.longest_check(), time);
    let began = std::time::Instant::now();
    let password = std::sync::Arc::new(landfall::model::Password::new(b"wrong".to_vec()).unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(9);
    let mut least = Duration::MAX;
    for _ in 0..5 {
        least = least.min(house.hasher.legacy_decoy(&password, deadline).await.unwrap());
    }
    assert!(least <= began.elapsed());
    // The decoy of this house is MD5; a bcrypt of cost 6 is some thousand times as dear.
    assert!(least < Duration::from_millis(2), "the decoy took {least:?}");
}

/// A hash that no login can check is refused like a wrong password, counts like one, and is told to the operator.
#[tokio::test]
async fn a_hash_that_is_too_dear_is_one_refusal() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.customer.limit = 3;
    let house = House::with(wishes);
    let settings = TimeSettings { deadline: Duration::from_secs(20), longest_check: Some(Duration::from_millis(100)) };
    house.hasher.calibrate(Dearest::Bcrypt, settings);
    let bcrypt = |cost: u32| format!("$2b${cost}$uLFGgB0Zhiim6lOmKvdHNONTn5snLDQcdPFm5NIsRxJ6oZSbOzzQ.");
    house.legacy(&customer_with("dear", &json!({ "password": bcrypt(15) })));
    house.legacy(&customer_with("dearest", &json!({ "password": bcrypt(17) })));
    for identifier in ["dear", "dearest"] {
        for _ in 0..3 {
            let (outcome, hashes) = house.hashes(house.outcome(identifier, "whatever")).await;
            assert_eq!(outcome, Outcome::Refused(Refusal::CostRefused));
            assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
        }
        assert_eq!(house.outcome(identifier, "whatever").await, Outcome::Refused(Refusal::Attempts));
    }
    let events = house.events().await;
    let told = events.iter().filter(|event| event.reason == "cost_refused").count();
    assert_eq!(told, 6);
    assert!(events.iter().all(|event| event.kind == EventKind::Failed));
}

/// A record that cannot be read, or two of them, is a fault of that customer's record: one refusal, counted and told.
#[tokio::test]
async fn a_bad_record_is_one_refusal() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.customer.limit = 3;
    let house = House::with(wishes);
    for twin in ["one", "other"] {
        house.source.insert(&["twin", "pair"], customer(twin).to_string()).unwrap();
    }
    for _ in 0..3 {
        let (answer, hashes) = house.hashes(house.login("twin", "whatever")).await;
        assert_eq!((&answer.outcome, answer.retry_after), (&Outcome::UnreadableRecord, None));
        assert_eq!((answer.outcome.name(), answer.outcome.reason()), ("invalid_record", "unreadable"));
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
    }
    assert_eq!(house.outcome("twin", "whatever").await, Outcome::Refused(Refusal::Attempts));
    let events = house.events().await;
    assert_eq!(events.iter().filter(|event| event.reason == "unreadable").count(), 3);
    assert_eq!(house.migrator.signup_check("r2", "twin", None).await, SignupAnswer::Reserved);
    assert_eq!(house.migrator.forgot_password("r3", "pair", None).await, ResetAnswer::Accepted);
    assert!(house.accounts().await.is_empty());
}
