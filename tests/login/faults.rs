//! An outage is never a wrong password, and a lost answer never loses or duplicates an account.

use std::time::Duration;

use landfall::adapters::memory::Fault;
use landfall::migrate::Outcome;
use landfall::ports::PortErrorKind;

use super::fixture::{Fixture, Options, customer};

#[tokio::test]
async fn a_legacy_outage_is_not_a_wrong_password() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        fixture.legacy(&customer(name));
    }
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    for kind in [PortErrorKind::Unavailable, PortErrorKind::BadResponse, PortErrorKind::Denied] {
        fixture.source.faults().stand(Fault::Fail(kind));
        for password in ["secret bob", "wrong"] {
            let answer = fixture.login("bob", password).await;
            assert_eq!(answer.outcome, Outcome::LegacyUnavailable);
            assert!(answer.retry_after.is_some());
        }
        assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
    }
    fixture.source.faults().stand(Fault::Pass);
    // the outage has counted no attempt
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Migrated);
}

#[tokio::test(start_paused = true)]
async fn an_unresponsive_legacy_system_is_given_up_at_the_deadline() {
    let mut options = Options::default();
    options.settings.deadline = Duration::from_millis(1500);
    let fixture = Fixture::with(options);
    fixture.legacy(&customer("ada"));
    fixture.source.faults().stand(Fault::Hang);
    let began = tokio::time::Instant::now();
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::LegacyUnavailable);
    assert!(began.elapsed() < Duration::from_millis(1700));
}

#[tokio::test]
async fn a_lost_target_answer_creates_no_second_account() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    // found, and lost while creating
    fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    // the account exists, so the customer is signed in at the next login
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(fixture.accounts().await.len(), 1);
}

#[tokio::test]
async fn recovery_settles_interrupted_creations() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        fixture.legacy(&customer(name));
    }
    fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    fixture.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::TargetUnavailable);
    assert_eq!(fixture.migrator.recover().await.unwrap(), 0, "their leases are still held");
    fixture.clock.advance(60);
    assert_eq!(fixture.migrator.recover().await.unwrap(), 2);
    assert_eq!(fixture.migrator.recover().await.unwrap(), 0);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Authenticated);
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Migrated);
    assert_eq!(fixture.accounts().await.len(), 2);
}

#[tokio::test]
async fn nobody_signs_in_while_the_target_is_down() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.target.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    fixture.target.faults().stand(Fault::Pass);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
}

/// Two records with one login: neither is used.
#[tokio::test]
async fn an_ambiguous_login_signs_nobody_in() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let mut twin = customer("ada");
    twin["id"] = "twin".into();
    fixture.legacy(&twin);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::UnreadableRecord);
}
