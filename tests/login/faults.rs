//! An outage is never a wrong password, and a lost answer never a lost or a second account.

use std::time::Duration;

use landfall::migrate::{Outcome, PortErrorKind};
use landfall::sources::Fault;

use super::house::{House, Wishes, customer};

#[tokio::test]
async fn the_legacy_system_being_down_is_no_wrong_password() {
    let house = House::new();
    for name in ["ada", "bob"] {
        house.legacy(&customer(name));
    }
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    for kind in [PortErrorKind::Unavailable, PortErrorKind::BadResponse, PortErrorKind::Denied] {
        house.source.faults().stand(Fault::Fail(kind));
        for password in ["secret bob", "wrong"] {
            let answer = house.login("bob", password).await;
            assert_eq!(answer.outcome, Outcome::LegacyUnavailable);
            assert!(answer.retry_after.is_some());
        }
        assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
    }
    house.source.faults().stand(Fault::Pass);
    // an outage has counted no attempt
    assert_eq!(house.outcome("bob", "secret bob").await, Outcome::Migrated);
}

#[tokio::test(start_paused = true)]
async fn a_silent_legacy_system_is_given_up_at_the_deadline() {
    let mut wishes = Wishes::default();
    wishes.settings.deadline = Duration::from_millis(1500);
    let house = House::with(wishes);
    house.legacy(&customer("ada"));
    house.source.faults().stand(Fault::Hang);
    let began = tokio::time::Instant::now();
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::LegacyUnavailable);
    assert!(began.elapsed() < Duration::from_millis(1700));
}

#[tokio::test]
async fn an_answer_of_the_target_that_is_lost_makes_no_second_account() {
    let house = House::new();
    house.legacy(&customer("ada"));
    // found, and lost while creating
    house.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    // the account is there; the customer who comes back is let in
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(house.accounts().await.len(), 1);
}

#[tokio::test]
async fn recovery_settles_what_nobody_heard_the_end_of() {
    let house = House::new();
    for name in ["ada", "bob"] {
        house.legacy(&customer(name));
    }
    house.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    house.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("bob", "secret bob").await, Outcome::TargetUnavailable);
    assert_eq!(house.migrator.recover().await.unwrap(), 0, "their leases hold");
    house.clock.advance(60);
    assert_eq!(house.migrator.recover().await.unwrap(), 2);
    assert_eq!(house.migrator.recover().await.unwrap(), 0);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(house.outcome("bob", "secret bob").await, Outcome::Migrated);
    assert_eq!(house.accounts().await.len(), 2);
}

#[tokio::test]
async fn a_target_that_is_down_lets_nobody_in() {
    let house = House::new();
    house.legacy(&customer("ada"));
    house.target.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    house.target.faults().stand(Fault::Pass);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
}

/// Two records under one login: neither is taken.
#[tokio::test]
async fn an_ambiguous_login_signs_nobody_in() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let mut twin = customer("ada");
    twin["id"] = "twin".into();
    house.legacy(&twin);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::UnreadableRecord);
}
