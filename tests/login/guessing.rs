//! Limits on guessing: attempts are counted before anything is verified, per customer and not per spelling.

use std::net::IpAddr;

use landfall::migrate::{Outcome, Refusal};
use landfall::ports::DecisionReason;

use super::fixture::{Fixture, Options, customer, login, login_from};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_guesses_is_verified_no_more_often_than_the_limit() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let mut guesses = tokio::task::JoinSet::new();
    for number in 0..500 {
        let migrator = fixture.migrator.clone();
        // with correct passwords among the late ones
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
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for _ in 0..10 {
        assert_eq!(fixture.outcome("ada", "guess").await, Outcome::Refused(Refusal::WrongPassword));
    }
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Attempts));
    fixture.clock.advance(16 * 60);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
}

#[tokio::test]
async fn another_login_name_is_not_a_second_counter() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for number in 0..10 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.org" };
        assert_eq!(fixture.outcome(name, "guess").await, Outcome::Refused(Refusal::WrongPassword));
    }
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Attempts));
    assert_eq!(fixture.outcome("ada@example.org", "secret ada").await, Outcome::Refused(Refusal::Attempts));
}

#[tokio::test]
async fn guesses_at_a_full_counter_still_count_for_the_network() {
    let mut options = Options::default();
    options.settings.attempts.network.limit = 8;
    let fixture = Fixture::with(options);
    fixture.legacy(&customer("ada"));
    fixture.legacy(&customer("bob"));
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    // ten guesses are verified and counted; the others are stopped by the customer's counter
    for _ in 0..10 {
        login_from(&fixture.migrator, "ada", "guess", None).await;
    }
    for _ in 0..8 {
        login_from(&fixture.migrator, "ada@example.org", "guess", Some(from)).await;
    }
    let refused = Outcome::Refused(Refusal::Attempts);
    assert_eq!(login_from(&fixture.migrator, "bob", "secret bob", Some(from)).await.outcome, refused);
}

#[tokio::test]
async fn counters_follow_the_customer_across_the_migration() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    for number in 0..10 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.org" };
        assert_eq!(fixture.outcome(name, "guess").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    }
    for name in ["ada", "ada@example.org"] {
        assert_eq!(fixture.outcome(name, "secret ada").await, Outcome::Refused(Refusal::Attempts));
    }
}

#[tokio::test]
async fn one_network_cannot_try_one_password_on_many_customers() {
    let mut options = Options::default();
    options.settings.attempts.network.limit = 20;
    let fixture = Fixture::with(options);
    fixture.legacy(&customer("ada"));
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    let neighbour: IpAddr = "192.0.2.200".parse().unwrap();
    for number in 0..20 {
        login_from(&fixture.migrator, &format!("nobody{number}"), "x", Some(from)).await;
    }
    let refused = Outcome::Refused(Refusal::Attempts);
    assert_eq!(login_from(&fixture.migrator, "ada", "secret ada", Some(neighbour)).await.outcome, refused);
    let elsewhere: IpAddr = "198.51.100.1".parse().unwrap();
    assert_eq!(login_from(&fixture.migrator, "ada", "secret ada", Some(elsewhere)).await.outcome, Outcome::Migrated);
}

#[tokio::test]
async fn correct_logins_are_never_counted() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for _ in 0..30 {
        assert!(fixture.outcome("ada", "secret ada").await.is_success());
    }
}

/// The audit rows about refusals over the limit: how many decisions each represents.
fn over_limit(fixture: &Fixture) -> Vec<u64> {
    let decisions = fixture.ledger.decisions();
    decisions
        .iter()
        .filter(|decision| decision.reason == DecisionReason::Refused(Refusal::Attempts))
        .map(|decision| decision.count)
        .collect()
}

#[tokio::test]
async fn refusals_over_the_limit_are_summed_up() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for _ in 0..10 {
        fixture.outcome("ada", "guess").await;
    }
    for _ in 0..20 {
        assert_eq!(fixture.outcome("ada", "guess").await, Outcome::Refused(Refusal::Attempts));
    }
    fixture.migrator.write_sums().await.unwrap();
    assert_eq!(over_limit(&fixture), [1], "the first refusal has a row, and the minute has not passed");
    // the next other decision of the same customer
    fixture.clock.advance(16 * 60);
    assert_eq!(fixture.outcome("ada", "another guess").await, Outcome::Refused(Refusal::WrongPassword));
    assert_eq!(over_limit(&fixture), [1, 19]);
    let decisions = fixture.ledger.decisions();
    let reasons: Vec<&str> = decisions.iter().rev().take(3).map(|decision| decision.reason.name()).collect();
    assert_eq!(reasons, ["wrong_password", "attempts", "attempts"], "in the order of the decisions");
}

#[tokio::test]
async fn sums_are_written_at_shutdown() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        for _ in 0..13 {
            fixture.outcome(name, "guess").await;
        }
    }
    assert_eq!(over_limit(&fixture), [1, 1]);
    fixture.migrator.write_all_sums().await.unwrap();
    assert_eq!(over_limit(&fixture), [1, 1, 2, 2]);
    fixture.migrator.write_all_sums().await.unwrap();
    assert_eq!(over_limit(&fixture).len(), 4);
}
