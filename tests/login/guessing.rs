//! Guessing does not pay: attempts are counted before anything is verified, on the customer and not on the spelling.

use std::net::IpAddr;

use landfall::migrate::{Outcome, Refusal};

use super::house::{House, Wishes, customer, login, login_from};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_guesses_is_verified_no_more_often_than_the_limit() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..500 {
        let migrator = house.migrator.clone();
        // right ones among them, late
        let password = if number > 400 { "secret ada".to_owned() } else { format!("guess {number}") };
        guesses.spawn(async move { (number, login(&migrator, "ada", &password).await.outcome) });
    }
    let mut verified = 0;
    while let Some(guess) = guesses.join_next().await {
        let (_, outcome) = guess.unwrap();
        verified += usize::from(outcome == Outcome::Refused(Refusal::WrongPassword));
    }
    assert!(verified <= 10, "{verified} guesses were verified");
    assert!(verified > 0);
}

#[tokio::test]
async fn the_right_password_after_the_limit_fails_until_the_window_has_passed() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for _ in 0..10 {
        assert_eq!(house.outcome("ada", "guess").await, Outcome::Refused(Refusal::WrongPassword));
    }
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Attempts));
    house.clock.advance(16 * 60);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
}

#[tokio::test]
async fn another_login_name_is_no_second_counter() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for number in 0..10 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.org" };
        assert_eq!(house.outcome(name, "guess").await, Outcome::Refused(Refusal::WrongPassword));
    }
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Attempts));
    assert_eq!(house.outcome("ada@example.org", "secret ada").await, Outcome::Refused(Refusal::Attempts));
}

#[tokio::test]
async fn guesses_at_a_full_counter_count_for_the_network_all_the_same() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.network.limit = 8;
    let house = House::with(wishes);
    house.legacy(&customer("ada"));
    house.legacy(&customer("bob"));
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    // ten guesses are verified and taken into account; the others are stopped by the customer's counter
    for _ in 0..10 {
        login_from(&house.migrator, "ada", "guess", None).await;
    }
    for _ in 0..8 {
        login_from(&house.migrator, "ada@example.org", "guess", Some(from)).await;
    }
    let refused = Outcome::Refused(Refusal::Attempts);
    assert_eq!(login_from(&house.migrator, "bob", "secret bob", Some(from)).await.outcome, refused);
}

#[tokio::test]
async fn counters_follow_the_customer_across_the_migration() {
    let house = House::new();
    house.legacy(&customer("ada"));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    for number in 0..10 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.org" };
        assert_eq!(house.outcome(name, "guess").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    }
    for name in ["ada", "ada@example.org"] {
        assert_eq!(house.outcome(name, "secret ada").await, Outcome::Refused(Refusal::Attempts));
    }
}

#[tokio::test]
async fn one_network_cannot_try_one_password_at_everybody() {
    let mut wishes = Wishes::default();
    wishes.settings.attempts.network.limit = 20;
    let house = House::with(wishes);
    house.legacy(&customer("ada"));
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    let neighbour: IpAddr = "192.0.2.200".parse().unwrap();
    for number in 0..20 {
        login_from(&house.migrator, &format!("nobody{number}"), "x", Some(from)).await;
    }
    let refused = Outcome::Refused(Refusal::Attempts);
    assert_eq!(login_from(&house.migrator, "ada", "secret ada", Some(neighbour)).await.outcome, refused);
    let elsewhere: IpAddr = "198.51.100.1".parse().unwrap();
    assert_eq!(login_from(&house.migrator, "ada", "secret ada", Some(elsewhere)).await.outcome, Outcome::Migrated);
}

#[tokio::test]
async fn right_logins_are_never_counted() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for _ in 0..30 {
        assert!(house.outcome("ada", "secret ada").await.is_success());
    }
}

/// Rows of the audit about refusals over the limit: how many decisions each stands for.
fn over_limit(house: &House) -> Vec<u64> {
    let decisions = house.ledger.decisions();
    decisions.iter().filter(|decision| decision.reason == "attempts").map(|decision| decision.count).collect()
}

#[tokio::test]
async fn refusals_over_the_limit_are_summed_up() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for _ in 0..10 {
        house.outcome("ada", "guess").await;
    }
    for _ in 0..20 {
        assert_eq!(house.outcome("ada", "guess").await, Outcome::Refused(Refusal::Attempts));
    }
    house.migrator.write_sums().await.unwrap();
    assert_eq!(over_limit(&house), [1], "the first is a row, and the minute has not passed");
    // the next other decision of the same customer
    house.clock.advance(16 * 60);
    assert_eq!(house.outcome("ada", "another guess").await, Outcome::Refused(Refusal::WrongPassword));
    assert_eq!(over_limit(&house), [1, 19]);
    let decisions = house.ledger.decisions();
    let reasons: Vec<&str> = decisions.iter().rev().take(3).map(|decision| decision.reason.as_str()).collect();
    assert_eq!(reasons, ["wrong_password", "attempts", "attempts"], "in the order in which they were made");
}

#[tokio::test]
async fn sums_are_written_when_the_service_ends() {
    let house = House::new();
    for name in ["ada", "bob"] {
        for _ in 0..13 {
            house.outcome(name, "guess").await;
        }
    }
    assert_eq!(over_limit(&house), [1, 1]);
    house.migrator.write_all_sums().await.unwrap();
    assert_eq!(over_limit(&house), [1, 1, 2, 2]);
    house.migrator.write_all_sums().await.unwrap();
    assert_eq!(over_limit(&house).len(), 4);
}
