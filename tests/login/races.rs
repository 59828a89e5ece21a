//! Operations that run concurrently with a login: deletion, undo, password reset, recovery.

use std::sync::Arc;
use std::time::Duration;

use landfall::adapters::memory::Fault;
use landfall::migrate::{Outcome, Refusal, ResetAnswer, Restored, Undone};
use landfall::ports::{EntryState, PortErrorKind};
use landfall::ports::{EventKind, Ledger as _, TargetId};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::fixture::{Fixture, customer, key, login};

/// Long enough for the concurrent operation.
const PAUSE: Duration = Duration::from_millis(150);

fn fixture_with(names: &[&str]) -> Fixture {
    let fixture = Fixture::new();
    names.iter().for_each(|name| fixture.legacy(&customer(name)));
    fixture
}

/// A login whose creation takes a while.
async fn slow_login(fixture: &Fixture, name: &'static str) -> JoinHandle<Outcome> {
    fixture.target.faults().push([Fault::Pass, Fault::Delay(PAUSE)]);
    let migrator = Arc::clone(&fixture.migrator);
    let slow = tokio::spawn(async move { login(&migrator, name, &format!("secret {name}")).await.outcome });
    sleep(PAUSE / 3).await;
    slow
}

async fn reset(fixture: &Fixture, name: &str) -> TargetId {
    assert_eq!(fixture.migrator.forgot_password("r1", name, None, None).await, ResetAnswer::Accepted);
    let accounts = fixture.accounts().await;
    accounts.into_iter().find(|account| account.logins.iter().any(|login| login == name)).unwrap().id
}

async fn events(fixture: &Fixture, kind: EventKind) -> usize {
    fixture.events().await.into_iter().filter(|event| event.kind == kind).count()
}

fn decisions(fixture: &Fixture, outcome: &str) -> usize {
    fixture.ledger.decisions().iter().filter(|decision| decision.outcome.name() == outcome).count()
}

/// A pending customer signs in for the first time while the account is being deleted.
#[tokio::test]
async fn a_customer_deleted_while_signing_in_stays_deleted() {
    let fixture = fixture_with(&["ada"]);
    let pending = reset(&fixture, "ada").await;
    let slow = slow_login(&fixture, "ada").await;
    assert_eq!(fixture.migrator.admin().delete("r2", &pending).await.unwrap(), Some(pending));
    assert_eq!(slow.await.unwrap(), Outcome::Refused(Refusal::Deleted));
    assert!(fixture.accounts().await.is_empty());
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    assert_eq!((events(&fixture, EventKind::Migrated).await, decisions(&fixture, "migrated")), (0, 0));
}

/// If the target does not close external ids, or its answer is lost, recovery deletes the leftover account.
#[tokio::test]
async fn recovery_deletes_the_leftover_account_of_a_buried_customer() {
    let fixture = fixture_with(&["ada"]);
    fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    fixture.ledger.bury(&key("ada"), &[], jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(fixture.accounts().await.len(), 1);
    fixture.clock.advance(60);
    assert_eq!(fixture.migrator.recover().await.unwrap(), 1);
    assert!(fixture.accounts().await.is_empty());
    assert_eq!(fixture.migrator.recover().await.unwrap(), 0);
}

/// A verified claim takes over what a password reset has created or is about to create.
#[tokio::test]
async fn a_correct_password_succeeds_during_a_password_reset() {
    let fixture = fixture_with(&["ada"]);
    fixture.target.faults().push([Fault::Pass, Fault::Delay(PAUSE)]);
    let migrator = Arc::clone(&fixture.migrator);
    let resetting = tokio::spawn(async move { migrator.forgot_password("r1", "ada", None, None).await });
    sleep(PAUSE / 3).await;
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(resetting.await.unwrap(), ResetAnswer::Accepted);
    assert_eq!(fixture.outcome("ada@example.org", "secret ada").await, Outcome::Authenticated);
    assert_eq!(fixture.accounts().await.len(), 1);
}

/// Many concurrent first logins of one pending customer are one migration.
#[tokio::test]
async fn a_pending_customer_is_migrated_once() {
    let fixture = fixture_with(&["ada"]);
    reset(&fixture, "ada").await;
    let logins = (0..8).map(|at| {
        let migrator = Arc::clone(&fixture.migrator);
        let typed = if at % 2 == 0 { "ada" } else { "ada@example.org" };
        tokio::spawn(async move { login(&migrator, typed, "secret ada").await.outcome })
    });
    let mut migrated = 0;
    for login in logins.collect::<Vec<_>>() {
        let outcome = login.await.unwrap();
        assert!(outcome.is_success(), "{outcome:?}");
        migrated += usize::from(outcome == Outcome::Migrated);
    }
    assert_eq!((migrated, decisions(&fixture, "migrated"), events(&fixture, EventKind::Migrated).await), (1, 1, 1));
}

/// The account of an interrupted attempt is one migration, whoever signs in to it.
#[tokio::test]
async fn a_recovered_account_has_one_migration_and_each_login_one_decision() {
    let fixture = fixture_with(&["ada"]);
    fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    // The customer changes the password in the legacy system, and the first attempt is taken over by its external id.
    fixture.source.clear();
    let mut ada = customer("ada");
    ada["login"] = "ada.b".into();
    ada["mail"] = "ada.b@example.org".into();
    ada["password"] = super::fixture::md5("another").into();
    fixture.legacy(&ada);
    fixture.clock.advance(60);
    assert_eq!(fixture.outcome("ada.b", "another").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(
        (decisions(&fixture, "migrated"), decisions(&fixture, "recovered"), decisions(&fixture, "refused")),
        (0, 1, 1)
    );
    assert_eq!(events(&fixture, EventKind::Migrated).await, 1, "recorded as recovered, once");
    fixture.migrator.recover().await.unwrap();
    assert_eq!(events(&fixture, EventKind::Migrated).await, 1);
}

/// Two processes find the same creation.
#[tokio::test]
async fn an_entry_is_recovered_once() {
    let fixture = fixture_with(&["ada", "bob", "eve"]);
    for name in ["ada", "bob", "eve"] {
        fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
        assert_eq!(fixture.outcome(name, &format!("secret {name}")).await, Outcome::TargetUnavailable);
    }
    fixture.clock.advance(60);
    let other = fixture.world.migrator(super::fixture::Options::default());
    fixture.target.faults().stand(Fault::Delay(Duration::from_millis(20)));
    let (one, two) = tokio::join!(fixture.migrator.recover(), other.recover());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!((decisions(&fixture, "recovered"), events(&fixture, EventKind::Migrated).await), (3, 3));
}

/// A claim took over a pending account and was interrupted before the account was completed.
#[tokio::test]
async fn an_interrupted_completion_leaves_the_account_pending() {
    let fixture = fixture_with(&["ada"]);
    let pending = reset(&fixture, "ada").await;
    fixture.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    fixture.clock.advance(60);
    assert_eq!(fixture.migrator.recover().await.unwrap(), 1);
    let entry = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.account, entry.verified_at), (EntryState::Done, Some(pending), None));
    assert_eq!(events(&fixture, EventKind::Migrated).await, 0);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(events(&fixture, EventKind::Migrated).await, 1);
}

/// A login runs while an undo is between the store and the ledger.
#[tokio::test]
async fn a_login_waits_for_an_undo_and_migrates_again() {
    let fixture = fixture_with(&["ada"]);
    let first = fixture.login("ada", "secret ada").await.account.unwrap();
    // The undo's deletion, and therefore its end, takes a while.
    fixture.target.faults().push([Fault::Delay(PAUSE)]);
    let (admin, account) = (fixture.migrator.admin(), first.clone());
    let undo = tokio::spawn(async move { admin.undo("r2", &key("ada"), &account).await });
    sleep(PAUSE * 2 / 3).await;
    let second = fixture.login("ada", "secret ada").await;
    assert_eq!(undo.await.unwrap().unwrap(), Undone::Deleted);
    assert!(second.outcome.is_success(), "{:?}", second.outcome);
    let third = fixture.login("ada", "secret ada").await;
    assert!(third.outcome.is_success());
    assert_ne!(third.account, Some(first));
}

/// Recovery settles an undo whose end was not written, based on the actual state.
#[tokio::test]
async fn an_interrupted_undo_is_settled() {
    let fixture = fixture_with(&["ada", "bob"]);
    let ada = fixture.login("ada", "secret ada").await.account.unwrap();
    let bob = fixture.login("bob", "secret bob").await.account.unwrap();
    fixture.target.faults().push([Fault::Lose(PortErrorKind::Unavailable), Fault::Fail(PortErrorKind::Unavailable)]);
    for (name, account) in [("ada", &ada), ("bob", &bob)] {
        assert!(fixture.migrator.admin().undo("r2", &key(name), account).await.is_err());
    }
    let state = async |name: &str| fixture.ledger.entry(&key(name)).await.unwrap().map(|entry| entry.state);
    assert_eq!((state("ada").await, state("bob").await), (Some(EntryState::Undoing), Some(EntryState::Undoing)));
    fixture.clock.advance(60);
    assert_eq!(fixture.migrator.recover().await.unwrap(), 2);
    assert_eq!((state("ada").await, state("bob").await), (None, Some(EntryState::Done)));
    assert_eq!(decisions(&fixture, "undo_settled"), 1);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Authenticated);
}

/// The migration of a customer who had a pending account before can be undone like any other.
#[tokio::test]
async fn a_formerly_pending_migration_is_undone() {
    let fixture = fixture_with(&["ada"]);
    let account = reset(&fixture, "ada").await;
    fixture.clock.advance(5);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(fixture.migrator.admin().undo("r2", &key("ada"), &account).await.unwrap(), Undone::Deleted);
    assert!(fixture.accounts().await.is_empty());
}

/// Between the look at an account and the burial of its customer, the migration is undone and the customer migrates again.
#[tokio::test]
async fn a_customer_who_migrates_again_during_the_deletion_is_deleted() {
    let fixture = fixture_with(&["ada"]);
    let first = fixture.login("ada", "secret ada").await.account.unwrap();
    fixture.target.faults().push([Fault::Linger(PAUSE)]);
    let (admin, account) = (fixture.migrator.admin(), first.clone());
    let deletion = tokio::spawn(async move { admin.delete("r2", &account).await });
    sleep(PAUSE / 3).await;
    assert_eq!(fixture.migrator.admin().undo("r3", &key("ada"), &first).await.unwrap(), Undone::Deleted);
    let second = fixture.login("ada", "secret ada").await.account.unwrap();
    assert_eq!(deletion.await.unwrap().unwrap(), Some(second), "the answer and the audit name what was deleted");
    assert!(fixture.accounts().await.is_empty());
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    assert_eq!(decisions(&fixture, "deleted"), 1);
}

/// The customer is permanently deleted while an undo is between the ledger and the store.
#[tokio::test]
async fn an_undo_of_a_deleted_customer_undoes_nothing() {
    let fixture = fixture_with(&["ada"]);
    let account = fixture.login("ada", "secret ada").await.account.unwrap();
    fixture.target.faults().push([Fault::Delay(PAUSE)]);
    let (admin, undone) = (fixture.migrator.admin(), account.clone());
    let undo = tokio::spawn(async move { admin.undo("r2", &key("ada"), &undone).await });
    sleep(PAUSE / 3).await;
    assert_eq!(fixture.migrator.admin().delete("r3", &account).await.unwrap(), Some(account));
    assert_eq!(undo.await.unwrap().unwrap(), Undone::Busy);
    assert_eq!(
        (decisions(&fixture, "undone"), decisions(&fixture, "forgotten"), decisions(&fixture, "deleted")),
        (0, 0, 1)
    );
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
}

/// A tombstone is removed, with a decision.
#[tokio::test]
async fn a_deleted_customer_is_restored() {
    let fixture = fixture_with(&["ada"]);
    let account = fixture.login("ada", "secret ada").await.account.unwrap();
    fixture.migrator.admin().delete("r2", &account).await.unwrap();
    let subject = |name: &str| fixture.keyring.subject(name);
    assert_eq!(fixture.migrator.admin().restore("r3", &subject("bob")).await.unwrap(), None);
    let restored = fixture.migrator.admin().restore("r3", &subject("ada@example.org")).await.unwrap();
    assert_eq!((restored, decisions(&fixture, "restored")), (Some(Restored::Forgotten), 1));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
}

/// An account that disappears between lookup and check is looked up again.
#[tokio::test]
async fn an_account_that_disappears_before_the_check_is_looked_up_again() {
    let fixture = fixture_with(&["ada"]);
    let account = fixture.login("ada", "secret ada").await.account.unwrap();
    fixture.target.faults().push([Fault::Pass, Fault::Delay(PAUSE)]);
    let migrator = Arc::clone(&fixture.migrator);
    let slow = tokio::spawn(async move { login(&migrator, "ada", "secret ada").await.outcome });
    sleep(PAUSE / 3).await;
    assert_eq!(fixture.migrator.admin().undo("r2", &key("ada"), &account).await.unwrap(), Undone::Deleted);
    assert_eq!(slow.await.unwrap(), Outcome::Migrated);
}

/// A pending customer whose account got a password counts as activated.
#[tokio::test]
async fn an_activated_account_is_no_longer_pending() {
    let fixture = fixture_with(&["ada"]);
    let account = reset(&fixture, "ada").await;
    let password = zeroize::Zeroizing::new(b"a new password".to_vec());
    fixture.migrator.set_password("r2", &account, password).await.unwrap();
    let entry = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap();
    assert!(entry.activated_at.is_some());
    assert_eq!(fixture.outcome("ada", "a new password").await, Outcome::Authenticated);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

/// A creation reaches the target after its claim has expired.
#[tokio::test]
async fn nothing_is_created_after_the_claim_has_expired() {
    let fixture = Fixture::with(super::fixture::Options {
        settings: landfall::migrate::MigratorSettings {
            lease: Duration::from_millis(50),
            ..super::fixture::Options::default().settings
        },
        ..super::fixture::Options::default()
    });
    fixture.legacy(&customer("ada"));
    let began = Instant::now();
    let slow = slow_login(&fixture, "ada").await;
    assert_eq!(slow.await.unwrap(), Outcome::TargetUnavailable);
    assert!(began.elapsed() >= PAUSE);
    assert!(fixture.accounts().await.is_empty());
}
