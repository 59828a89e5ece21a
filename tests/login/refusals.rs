//! Every refusal costs the same hashes and the same time.

use std::time::{Duration, Instant};

use landfall::migrate::{HashCalls, Outcome, Refusal};
use serde_json::json;

use super::house::{House, Wishes, customer, customer_with};

/// One customer for every class of refusal: the identifier, the password, and what must come of it.
async fn classes(house: &House) -> Vec<(&'static str, &'static str, Outcome)> {
    let refused = Outcome::Rejected;
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
        ("nora", "secret nora", refused(Refusal::Unprovable)),
        ("mary", "secret mary", refused(Refusal::Unprovable)),
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
        assert_eq!(outcome, Outcome::Rejected(Refusal::Malformed));
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 });
    }
}

/// Refusals are released at one time: in pairs of classes, in turns, the medians differ by less than a timer's grain.
#[tokio::test]
async fn every_class_takes_the_same_time() {
    let mut wishes = Wishes::default();
    wishes.settings.floor = Duration::from_millis(40);
    wishes.settings.quantum = Duration::from_millis(20);
    wishes.settings.attempts.customer.limit = 10_000;
    let house = House::with(wishes);
    let classes: Vec<_> =
        classes(&house).await.into_iter().filter(|(_, _, outcome)| outcome.reason() != "attempts").collect();
    let mut times = vec![Vec::new(); classes.len()];
    for _ in 0..15 {
        for (at, (identifier, password, _)) in classes.iter().enumerate() {
            let began = Instant::now();
            house.outcome(identifier, password).await;
            times[at].push(began.elapsed());
        }
    }
    let medians: Vec<Duration> = times
        .iter_mut()
        .map(|times| {
            times.sort();
            times[times.len() / 2]
        })
        .collect();
    let spread = *medians.iter().max().unwrap() - *medians.iter().min().unwrap();
    println!("medians of {} classes: {medians:?}", classes.len());
    assert!(spread < Duration::from_millis(5), "the classes differ by {spread:?}: {medians:?}");
}
