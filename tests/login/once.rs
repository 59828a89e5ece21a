//! Each customer gets exactly one account, and the legacy system is not queried after the migration.

use std::collections::BTreeSet;

use landfall::migrate::{Outcome, Refusal, Undone};
use landfall::ports::{Call, Deletion, PasswordChange, Target as _};
use serde_json::json;

use super::fixture::{Fixture, Options, customer, key, login};

#[tokio::test]
async fn the_first_login_creates_and_the_second_asks_only_the_target() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let first = fixture.login("Ada", "secret ada").await;
    assert_eq!(first.outcome, Outcome::Migrated);
    let asked = fixture.source.calls();
    fixture.source.clear();
    let second = fixture.login("ada@example.org", "secret ada").await;
    assert_eq!(second.outcome, Outcome::Authenticated);
    assert_eq!((second.account, fixture.source.calls()), (first.account.clone(), asked));
    let claims = fixture.account(&first.account.unwrap()).await;
    assert_eq!(claims["email"], json!({ "value": "ada@example.org", "verified": true }));
    assert_eq!(claims["status"], "active");
}

#[tokio::test]
async fn nothing_is_written_before_verification() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    for password in ["wrong", "secret Ada", "secret ada ", ""] {
        assert!(!fixture.outcome("ada", password).await.is_success());
    }
    assert!(fixture.accounts().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_logins_in_two_processes_create_one_account_each() {
    let fixture = Fixture::new();
    let others = fixture.world.migrator(Options::default());
    let customers: Vec<String> = (0..200).map(|number| format!("customer{number}")).collect();
    for name in &customers {
        fixture.legacy(&customer(name));
    }
    let mut logins = tokio::task::JoinSet::new();
    for name in &customers {
        for number in 0..16 {
            let migrator = if number % 2 == 0 { fixture.migrator.clone() } else { others.clone() };
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
    let accounts = fixture.accounts().await;
    assert_eq!(accounts.len(), customers.len());
    let owners: BTreeSet<_> = accounts.iter().map(|account| account.legacy.clone().unwrap()).collect();
    assert_eq!(owners.len(), customers.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_correct_logins_succeed() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let migrator = fixture.migrator.clone();
        logins.spawn(async move { login(&migrator, "ada", "secret ada").await.outcome });
    }
    while let Some(outcome) = logins.join_next().await {
        assert!(outcome.unwrap().is_success());
    }
    assert_eq!(fixture.accounts().await.len(), 1);
}

#[tokio::test]
async fn the_target_decides_after_the_migration() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    let id = fixture.accounts().await[0].id.clone();
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    assert_eq!(fixture.migrator.set_password("r2", &id, new).await.unwrap(), Some(id));
    assert_eq!(fixture.outcome("ada", "a new one").await, Outcome::Authenticated);
    // the legacy password no longer works, whatever the legacy system says
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

/// bcrypt uses only 72 bytes: anything typed after them is not verified, so the customer must choose a new password.
#[tokio::test]
async fn a_lossy_match_requires_a_new_password() {
    let fixture = Fixture::new();
    let chosen = "x".repeat(72);
    let mut ada = customer("ada");
    ada["password"] = json!(bcrypt::hash_with_result(&chosen, 4).unwrap().to_string());
    fixture.legacy(&ada);
    let answer = fixture.login("ada", &format!("{chosen} and more")).await;
    assert_eq!(answer.outcome, Outcome::MigratedMustChangePassword);
    assert_eq!(answer.change, PasswordChange::Required);
}

#[tokio::test]
async fn deleted_customers_stay_deleted() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let id = fixture.login("ada", "secret ada").await.account.unwrap();
    assert_eq!(fixture.migrator.admin().delete("r2", &id).await.unwrap(), Some(id));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    // a new record with the same login is refused, too
    fixture.source.clear();
    let mut again = customer("ada");
    again["id"] = json!("another");
    fixture.legacy(&again);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Deleted));
    assert!(fixture.accounts().await.is_empty());
}

#[tokio::test]
async fn a_missing_account_is_reported_and_nobody_is_buried() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let id = fixture.login("ada", "secret ada").await.account.unwrap();
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(9);
    fixture.target.delete(Call::outside_login("r1"), &id, Deletion::Unchanged { until }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Missing));
    }
    // nobody is buried: after an undo the customer migrates again
    let undone = fixture.migrator.admin().undo("r2", &key("ada"), &id).await.unwrap();
    assert_eq!(undone, Undone::Missing);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
}

#[tokio::test]
async fn undo_allows_a_new_migration_unless_the_account_changed() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        fixture.legacy(&customer(name));
    }
    let ada = fixture.login("ada", "secret ada").await.account.unwrap();
    let bob = fixture.login("bob", "secret bob").await.account.unwrap();
    fixture.clock.advance(60);
    let new = zeroize::Zeroizing::new(b"a new one".to_vec());
    fixture.migrator.set_password("r2", &bob, new).await.unwrap();
    let admin = fixture.migrator.admin();
    assert_eq!(admin.undo("r3", &key("ada"), &ada).await.unwrap(), Undone::Deleted);
    assert_eq!(admin.undo("r3", &key("ada"), &ada).await.unwrap(), Undone::Busy);
    assert_eq!(admin.undo("r3", &key("bob"), &bob).await.unwrap(), Undone::Changed);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(fixture.outcome("bob", "a new one").await, Outcome::Authenticated);
}

#[tokio::test]
async fn accounts_of_others_are_never_taken_over() {
    // somebody registered with the email address of a legacy customer without a sign-up check
    let options = Options { unique_logins: true, ..Options::default() };
    let fixture = Fixture::with(options);
    fixture.legacy(&customer("ada"));
    let mut squatter = customer("mallory");
    squatter["mail"] = json!("ada@example.org");
    fixture.source.insert(&["mallory"], squatter.to_string()).unwrap();
    assert_eq!(fixture.outcome("mallory", "secret mallory").await, Outcome::Migrated);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Conflict);
    assert_eq!(fixture.accounts().await.len(), 1);
    assert_eq!(
        fixture.outcome("ada@example.org", "secret ada").await,
        Outcome::Refused(Refusal::WrongPasswordAtTarget)
    );
}
