//! Exactly one account per customer, and the legacy system is never asked again.

use std::collections::BTreeSet;

use landfall::migrate::{Deletion, Outcome, PasswordChange, Refusal, Target as _, Undone};
use serde_json::json;

use super::house::{House, Wishes, customer, key, login};

#[tokio::test]
async fn the_first_login_creates_and_the_second_asks_only_the_target() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let first = house.login("Ada", "secret ada").await;
    assert_eq!(first.outcome, Outcome::Migrated);
    let asked = house.source.calls();
    house.source.clear();
    let second = house.login("ada@example.org", "secret ada").await;
    assert_eq!(second.outcome, Outcome::Authenticated);
    assert_eq!((second.account, house.source.calls()), (first.account.clone(), asked));
    let claims = house.account(&first.account.unwrap()).await;
    assert_eq!(claims["email"], json!({ "value": "ada@example.org", "verified": true }));
    assert_eq!(claims["status"], "active");
}

#[tokio::test]
async fn nothing_is_written_before_proof() {
    let house = House::new();
    house.legacy(&customer("ada"));
    for password in ["wrong", "secret Ada", "secret ada ", ""] {
        assert!(!house.outcome("ada", password).await.is_success());
    }
    assert!(house.accounts().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_in_two_processes_make_one_account_each() {
    let house = House::new();
    let others = house.world.migrator(Wishes::default());
    let customers: Vec<String> = (0..200).map(|number| format!("customer{number}")).collect();
    for name in &customers {
        house.legacy(&customer(name));
    }
    let mut logins = tokio::task::JoinSet::new();
    for name in &customers {
        for number in 0..16 {
            let migrator = if number % 2 == 0 { house.migrator.clone() } else { others.clone() };
            let is_right = number % 4 != 3;
            let (name, spelled) = (name.clone(), if number % 3 == 0 { name.to_uppercase() } else { name.clone() });
            let password = if is_right { format!("secret {name}") } else { "secret customer".to_owned() };
            logins.spawn(async move { (is_right, login(&migrator, &spelled, &password).await.outcome) });
        }
    }
    while let Some(done) = logins.join_next().await {
        let (is_right, outcome) = done.unwrap();
        assert_eq!(outcome.is_success(), is_right, "{outcome:?}");
    }
    let accounts = house.accounts().await;
    assert_eq!(accounts.len(), customers.len());
    let owners: BTreeSet<_> = accounts.iter().map(|account| account.legacy.clone().unwrap()).collect();
    assert_eq!(owners.len(), customers.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_right_logins_at_once_are_no_attack() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let migrator = house.migrator.clone();
        logins.spawn(async move { login(&migrator, "ada", "secret ada").await.outcome });
    }
    while let Some(outcome) = logins.join_next().await {
        assert!(outcome.unwrap().is_success());
    }
    assert_eq!(house.accounts().await.len(), 1);
}

#[tokio::test]
async fn the_target_wins_once_migrated() {
    let house = House::new();
    house.legacy(&customer("ada"));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    let id = house.accounts().await[0].id.clone();
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    assert_eq!(house.migrator.set_password("r2", &id, new).await.unwrap(), Some(id));
    assert_eq!(house.outcome("ada", "a new one").await, Outcome::Authenticated);
    // the legacy password is dead, whatever the legacy system says
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

/// bcrypt looks at 72 bytes: what was typed behind them is verified by nothing, so the customer chooses a new password.
#[tokio::test]
async fn a_proof_that_leaves_something_open_asks_for_a_new_password() {
    let house = House::new();
    let chosen = "x".repeat(72);
    let mut ada = customer("ada");
    ada["password"] = json!(bcrypt::hash_with_result(&chosen, 4).unwrap().to_string());
    house.legacy(&ada);
    let answer = house.login("ada", &format!("{chosen} and more")).await;
    assert_eq!(answer.outcome, Outcome::MigratedMustChangePassword);
    assert_eq!(answer.change, PasswordChange::Required);
}

#[tokio::test]
async fn deleted_stays_deleted() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let id = house.login("ada", "secret ada").await.account.unwrap();
    assert_eq!(house.migrator.admin().delete("r2", &id).await.unwrap(), Some(id));
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    // nor by a new record that has the same login
    house.source.clear();
    let mut again = customer("ada");
    again["id"] = json!("another");
    house.legacy(&again);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    assert!(house.accounts().await.is_empty());
}

#[tokio::test]
async fn an_account_that_is_missing_is_told_and_nobody_is_buried() {
    let house = House::new();
    house.legacy(&customer("ada"));
    let id = house.login("ada", "secret ada").await.account.unwrap();
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(9);
    house.target.delete(&id, Deletion::Unchanged { until }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Missing));
    }
    // nobody is buried for it: taken back, the customer migrates anew
    let undone = house.migrator.admin().undo("r2", &key("ada"), &id).await.unwrap();
    assert_eq!(undone, Undone::Missing);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
}

#[tokio::test]
async fn undo_lets_the_customer_migrate_anew_unless_somebody_changed_the_account() {
    let house = House::new();
    for name in ["ada", "bob"] {
        house.legacy(&customer(name));
    }
    let ada = house.login("ada", "secret ada").await.account.unwrap();
    let bob = house.login("bob", "secret bob").await.account.unwrap();
    house.clock.advance(60);
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    house.migrator.set_password("r2", &bob, new).await.unwrap();
    let admin = house.migrator.admin();
    assert_eq!(admin.undo("r3", &key("ada"), &ada).await.unwrap(), Undone::Deleted);
    assert_eq!(admin.undo("r3", &key("ada"), &ada).await.unwrap(), Undone::Busy);
    assert_eq!(admin.undo("r3", &key("bob"), &bob).await.unwrap(), Undone::Changed);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(house.outcome("bob", "a new one").await, Outcome::Authenticated);
}

#[tokio::test]
async fn an_account_of_somebody_else_is_never_taken_over() {
    // somebody has registered with the mail address of a legacy customer, and nobody looked
    let mut wishes = Wishes::default();
    wishes.settings.unique_logins = true;
    let house = House::with(wishes);
    house.legacy(&customer("ada"));
    let mut squatter = customer("mallory");
    squatter["mail"] = json!("ada@example.org");
    house.source.insert(&["mallory"], squatter.to_string()).unwrap();
    assert_eq!(house.outcome("mallory", "secret mallory").await, Outcome::Migrated);
    assert_eq!(house.outcome("ada", "secret ada").await, Outcome::Conflict);
    assert_eq!(house.accounts().await.len(), 1);
    assert_eq!(house.outcome("ada@example.org", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}
