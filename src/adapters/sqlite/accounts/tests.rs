//! Behaviour specific to the account store: outdated hashes, columns, and unusable files.

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::adapters::suites::target::{Customer, call, hasher, new_id, password};
use crate::ports::{Authentication, PasswordChange};

const VERIFIED: Authentication = Authentication::Verified(PasswordChange::Optional);

async fn open(folder: &TempDir, memory_kib: u32) -> AccountStore {
    let path = folder.path().join("accounts.db");
    AccountStore::open("accounts", &path, hasher(memory_kib)).await.expect("a store")
}

async fn column(store: &AccountStore, query: &'static str) -> Option<String> {
    let read = store.read_with("test", move |connection| {
        Box::pin(async move { sqlx::query_scalar(query).fetch_one(connection).await })
    });
    read.await.expect("a value")
}

async fn stored(store: &AccountStore) -> String {
    column(store, "SELECT phc FROM accounts").await.expect("a hash")
}

#[tokio::test]
async fn replacing_an_outdated_hash_does_not_change_the_account() {
    let folder = TempDir::new().expect("a folder");
    let id = new_id(Customer::new("1", &["ada"]).create(&open(&folder, 8).await).await);
    let store = open(&folder, 16).await;
    let changed_at = store.read(call(), &id).await.expect("an answer").expect("an account").changed_at;
    let old = stored(&store).await;
    assert!(old.contains("m=8,"));
    let answer = store.authenticate(call(), &id, &password("wrong")).await.expect("an answer");
    assert_eq!((answer.verdict, stored(&store).await), (Authentication::Mismatch, old.clone()));
    let answer = store.authenticate(call(), &id, &password("correct horse")).await.expect("an answer");
    assert_eq!(answer.verdict, VERIFIED);
    let new = stored(&store).await;
    assert!(new.contains("m=16,"));
    let calls = store.hasher.calls().target;
    let answer = store.authenticate(call(), &id, &password("correct horse")).await.expect("an answer");
    assert_eq!(answer.verdict, VERIFIED);
    assert_eq!(store.hasher.calls().target - calls, 1);
    // A late upgrade does not overwrite a password that was set meanwhile.
    store.replace(id.0.clone(), old, "$argon2id$late".to_owned()).await.expect("an answer");
    assert_eq!(stored(&store).await, new);
    assert_eq!(store.read(call(), &id).await.expect("an answer").expect("an account").changed_at, changed_at);
}

#[tokio::test]
async fn claims_are_stored_in_columns() {
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder, 8).await;
    new_id(Customer::new("1", &["ada"]).create(&store).await);
    for (query, value) in [
        ("SELECT email FROM accounts", Some("ada@example.org")),
        ("SELECT username FROM accounts", Some("Ada")),
        ("SELECT phone FROM accounts", None),
        ("SELECT state FROM accounts", Some("active")),
    ] {
        assert_eq!(column(&store, query).await.as_deref(), value, "{query}");
    }
}

#[tokio::test]
async fn invalid_files_are_rejected() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("accounts.db"), "not a database at all, ".repeat(100)).expect("a file");
    let path = folder.path().join("accounts.db");
    let error = AccountStore::open("accounts", &path, hasher(8)).await.expect_err("no store");
    assert_eq!(error.kind(), PortErrorKind::BadResponse);
    let path = folder.path().join("no/such/folder.db");
    let error = AccountStore::open("accounts", &path, hasher(8)).await.expect_err("no folder");
    assert_eq!(error.kind(), PortErrorKind::Misconfigured);
}

#[tokio::test]
async fn racing_creates_share_commits() {
    let folder = TempDir::new().expect("a folder");
    let store = open(&folder, 8).await;
    // Without passwords there are no hashes to wait for, so all of them wait for the writer together.
    let customer = |at: usize| Customer { password: None, ..Customer::new(&at.to_string(), &[&format!("login{at}")]) };
    let customers: Vec<_> = (0..64).map(customer).collect();
    futures_util::future::join_all(customers.iter().map(|customer| customer.create(&store))).await;
    let figures = store.figures();
    assert_eq!((store.count().await.expect("an answer"), figures.jobs), (64, 64));
    assert!(figures.commits < 8, "{figures:?}");
}

#[tokio::test]
async fn debug_output_contains_no_values() {
    let folder = TempDir::new().expect("a folder");
    let store = Arc::new(open(&folder, 8).await);
    assert_eq!(format!("{store:?}"), "AccountStore { name: \"accounts\", .. }");
}
