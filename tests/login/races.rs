//! What meets a login that is on its way: a deletion, an undo, a password reset, a recovery.

use std::sync::Arc;
use std::time::Duration;

use landfall::migrate::{EntryState, PortErrorKind};
use landfall::migrate::{EventKind, Ledger as _, Outcome, Refusal, ResetAnswer, Restored, TargetId, Undone};
use landfall::sources::Fault;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::house::{House, customer, key, login};

/// Long enough for whatever comes between.
const PAUSE: Duration = Duration::from_millis(150);

fn house_of(names: &[&str]) -> House {
    let house = House::new();
    names.iter().for_each(|name| house.legacy(&customer(name)));
    house
}

/// A login whose creation takes a while.
async fn slow_login(house: &House, name: &'static str) -> JoinHandle<Outcome> {
    house.target.faults().push([Fault::Pass, Fault::Delay(PAUSE)]);
    let migrator = Arc::clone(&house.migrator);
    let slow = tokio::spawn(async move { login(&migrator, name, &format!("secret {name}")).await.outcome });
    sleep(PAUSE / 3).await;
    slow
}

async fn reset(house: &House, name: &str) -> TargetId {
    assert_eq!(house.migrator.forgot_password("r1", name, None).await, ResetAnswer::Accepted);
    let accounts = house.accounts().await;
    accounts.into_iter().find(|account| account.logins.iter().any(|login| login == name)).unwrap().id
}

async fn events(house: &House, kind: EventKind) -> usize {
    house.events().await.into_iter().filter(|event| event.kind == kind).count()
}

fn decisions(house: &House, outcome: &str) -> usize {
    house.ledger.decisions().iter().filter(|decision| decision.outcome == outcome).count()
}

/// Item 16 of the attack: a pending customer signs in for the first time while the account is being deleted.
#[tokio::test]
async fn a_customer_who_is_deleted_while_signing_in_does_not_come_back() {
    let house = house_of(&["ada"]);
    let pending = reset(&house, "ada").await;
    let slow = slow_login(&house, "ada").await;
    assert_eq!(house.migrator.admin().delete("r2", &pending).await.unwrap(), Some(pending));
    assert_eq!(slow.await.unwrap(), Outcome::Refused(Refusal::Deleted));
    assert!(house.accounts().await.is_empty());
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    assert_eq!((events(&house, EventKind::Migrated).await, decisions(&house, "migrated")), (0, 0));
}

/// A target that does not close external ids, or whose answer is lost: what the creation left is deleted by recovery.
#[tokio::test]
async fn recovery_deletes_what_a_creation_left_of_a_buried_customer() {
    let house = house_of(&["ada"]);
    house.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    house.ledger.bury(&key("ada"), &[], jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(house.accounts().await.len(), 1);
    house.clock.advance(60);
    assert_eq!(house.migrator.recover().await.unwrap(), 1);
    assert!(house.accounts().await.is_empty());
    assert_eq!(house.migrator.recover().await.unwrap(), 0);
}

/// Item 18: a verified claim takes over what a password reset has made or is about to make.
#[tokio::test]
async fn a_right_password_beside_a_password_reset_is_right() {
    let house = house_of(&["ada"]);
    house.target.faults().push([Fault::Pass, Fault::Delay(PAUSE)]);
    let migrator = Arc::clone(&house.migrator);
    let resetting = tokio::spawn(async move { migrator.forgot_password("r1", "ada", None).await });
    sleep(PAUSE / 3).await;
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(resetting.await.unwrap(), ResetAnswer::Accepted);
    assert_eq!(house.outcome("ada@example.org", "secret ada").await, Outcome::Authenticated);
    assert_eq!(house.accounts().await.len(), 1);
}

/// Items 11 and 18: many first logins of one pending customer are one migration.
#[tokio::test]
async fn a_pending_customer_is_migrated_once() {
    let house = house_of(&["ada"]);
    reset(&house, "ada").await;
    let logins = (0..8).map(|at| {
        let migrator = Arc::clone(&house.migrator);
        let typed = if at % 2 == 0 { "ada" } else { "ada@example.org" };
        tokio::spawn(async move { login(&migrator, typed, "secret ada").await.outcome })
    });
    let mut migrated = 0;
    for login in logins.collect::<Vec<_>>() {
        let outcome = login.await.unwrap();
        assert!(outcome.is_success(), "{outcome:?}");
        migrated += usize::from(outcome == Outcome::Migrated);
    }
    assert_eq!((migrated, decisions(&house, "migrated"), events(&house, EventKind::Migrated).await), (1, 1, 1));
}

/// Item 11: an account of an attempt that nobody heard the end of is one migration, whoever signs in to it.
#[tokio::test]
async fn an_adopted_account_has_one_migration_and_each_login_one_decision() {
    let house = house_of(&["ada"]);
    house.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    // The customer changes the password in the legacy system, and the first attempt is taken over by its external id.
    house.source.clear();
    let mut ada = customer("ada");
    ada["login"] = "ada.b".into();
    ada["mail"] = "ada.b@example.org".into();
    ada["password"] = super::house::md5("another").into();
    house.legacy(&ada);
    house.clock.advance(60);
    assert_eq!(house.outcome("ada.b", "another").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(
        (decisions(&house, "migrated"), decisions(&house, "recovered"), decisions(&house, "refused")),
        (0, 1, 1)
    );
    assert_eq!(events(&house, EventKind::Migrated).await, 1, "told as recovered, once");
    house.migrator.recover().await.unwrap();
    assert_eq!(events(&house, EventKind::Migrated).await, 1);
}

/// Item 19: two processes find the same creation.
#[tokio::test]
async fn an_entry_is_recovered_once() {
    let house = house_of(&["ada", "bob", "eve"]);
    for name in ["ada", "bob", "eve"] {
        house.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
        assert_eq!(house.outcome(name, &format!("secret {name}")).await, Outcome::TargetUnavailable);
    }
    house.clock.advance(60);
    let other = house.world.migrator(super::house::Wishes::default());
    house.target.faults().stand(Fault::Delay(Duration::from_millis(20)));
    let (one, two) = tokio::join!(house.migrator.recover(), other.recover());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!((decisions(&house, "recovered"), events(&house, EventKind::Migrated).await), (3, 3));
}

/// A claim that took over a pending account and was cut off before the account was completed.
#[tokio::test]
async fn a_completion_that_was_cut_off_leaves_the_account_pending() {
    let house = house_of(&["ada"]);
    let pending = reset(&house, "ada").await;
    house.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::TargetUnavailable);
    house.clock.advance(60);
    assert_eq!(house.migrator.recover().await.unwrap(), 1);
    let entry = house.ledger.entry(&key("ada")).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.account, entry.verified_at), (EntryState::Done, Some(pending), None));
    assert_eq!(events(&house, EventKind::Migrated).await, 0);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(events(&house, EventKind::Migrated).await, 1);
}

/// Items 2 and 17: a login meets an undo between the store and the ledger.
#[tokio::test]
async fn a_login_waits_for_an_undo_and_migrates_anew() {
    let house = house_of(&["ada"]);
    let first = house.login("ada", "secret ada").await.account.unwrap();
    // The undo's deletion, and so its end, takes a while.
    house.target.faults().push([Fault::Delay(PAUSE)]);
    let (admin, account) = (house.migrator.admin(), first.clone());
    let undo = tokio::spawn(async move { admin.undo("r2", &key("ada"), &account).await });
    sleep(PAUSE * 2 / 3).await;
    let second = house.login("ada", "secret ada").await;
    assert_eq!(undo.await.unwrap().unwrap(), Undone::Deleted);
    assert!(second.outcome.is_success(), "{:?}", second.outcome);
    let third = house.login("ada", "secret ada").await;
    assert!(third.outcome.is_success());
    assert_ne!(third.account, Some(first));
}

/// An undo whose end is not written is settled by what is true.
#[tokio::test]
async fn an_undo_that_was_cut_off_is_settled() {
    let house = house_of(&["ada", "bob"]);
    let ada = house.login("ada", "secret ada").await.account.unwrap();
    let bob = house.login("bob", "secret bob").await.account.unwrap();
    house.target.faults().push([Fault::Lose(PortErrorKind::Unavailable), Fault::Fail(PortErrorKind::Unavailable)]);
    for (name, account) in [("ada", &ada), ("bob", &bob)] {
        assert!(house.migrator.admin().undo("r2", &key(name), account).await.is_err());
    }
    let state = async |name: &str| house.ledger.entry(&key(name)).await.unwrap().map(|entry| entry.state);
    assert_eq!((state("ada").await, state("bob").await), (Some(EntryState::Undoing), Some(EntryState::Undoing)));
    house.clock.advance(60);
    assert_eq!(house.migrator.recover().await.unwrap(), 2);
    assert_eq!((state("ada").await, state("bob").await), (None, Some(EntryState::Done)));
    assert_eq!(decisions(&house, "undo_settled"), 1);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(house.outcome("bob", "secret bob").await, Outcome::Authenticated);
}

/// Item 17: a migration of a customer who had asked for a new password before is undone as any other.
#[tokio::test]
async fn a_migration_that_was_pending_before_is_undone() {
    let house = house_of(&["ada"]);
    let account = reset(&house, "ada").await;
    house.clock.advance(5);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(house.migrator.admin().undo("r2", &key("ada"), &account).await.unwrap(), Undone::Deleted);
    assert!(house.accounts().await.is_empty());
}

/// Item 2: a tombstone is lifted, with a decision.
#[tokio::test]
async fn a_deleted_customer_is_restored() {
    let house = house_of(&["ada"]);
    let account = house.login("ada", "secret ada").await.account.unwrap();
    house.migrator.admin().delete("r2", &account).await.unwrap();
    let subject = |name: &str| house.keyring.subject(name);
    assert_eq!(house.migrator.admin().restore("r3", &subject("bob")).await.unwrap(), None);
    let restored = house.migrator.admin().restore("r3", &subject("ada@example.org")).await.unwrap();
    assert_eq!((restored, decisions(&house, "restored")), (Some(Restored::Forgotten), 1));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
}

/// Item 21: an account that goes between the look and the check is looked for again.
#[tokio::test]
async fn an_account_that_goes_between_look_and_check_is_looked_for_again() {
    let house = house_of(&["ada"]);
    let account = house.login("ada", "secret ada").await.account.unwrap();
    house.target.faults().push([Fault::Pass, Fault::Delay(PAUSE)]);
    let migrator = Arc::clone(&house.migrator);
    let slow = tokio::spawn(async move { login(&migrator, "ada", "secret ada").await.outcome });
    sleep(PAUSE / 3).await;
    assert_eq!(house.migrator.admin().undo("r2", &key("ada"), &account).await.unwrap(), Undone::Deleted);
    assert_eq!(slow.await.unwrap(), Outcome::Migrated);
}

/// Item 21: a pending customer whose account got a password counts as such.
#[tokio::test]
async fn an_activated_account_is_no_longer_pending() {
    let house = house_of(&["ada"]);
    let account = reset(&house, "ada").await;
    let password = zeroize::Zeroizing::new(b"a new password".to_vec());
    house.migrator.set_password("r2", &account, password).await.unwrap();
    let entry = house.ledger.entry(&key("ada")).await.unwrap().unwrap();
    assert!(entry.activated_at.is_some());
    assert_eq!(house.outcome("ada", "a new password").await, Outcome::Authenticated);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

/// Item 16: a creation comes to the target after its claim has ended.
#[tokio::test]
async fn nothing_is_created_after_the_claim_has_ended() {
    let house = House::with(super::house::Wishes {
        settings: landfall::migrate::MigratorSettings {
            lease: Duration::from_millis(50),
            ..super::house::Wishes::default().settings
        },
        ..super::house::Wishes::default()
    });
    house.legacy(&customer("ada"));
    let began = Instant::now();
    let slow = slow_login(&house, "ada").await;
    assert_eq!(slow.await.unwrap(), Outcome::TargetUnavailable);
    assert!(began.elapsed() >= PAUSE);
    assert!(house.accounts().await.is_empty());
}
