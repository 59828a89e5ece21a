//! What the outbox keeps for the legacy system of a migrated customer, and when.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use landfall::adapters::memory::Fault;
use landfall::migrate::{KeptValues, Migrator, Outcome};
use landfall::ports::{EventKind, MigratedCustomer, Outbox as _, PortErrorKind, Subscription};
use serde_json::json;
use zeroize::Zeroizing;

use super::fixture::{Fixture, Options, customer_with, key, login, md5};

fn kept() -> KeptValues {
    let field = |name: &str| (name.to_owned(), vec![name.to_owned()]);
    KeptValues { identifier: true, fields: ["mail", "password", "plain", "absent"].map(field).to_vec() }
}

fn migrator(fixture: &Fixture) -> Arc<Migrator> {
    fixture.migrator_with(Options::default(), |parts| parts.legacy.write_back = Some(kept()))
}

/// The customers that the legacy system is to be told of, each with the account.
async fn told(fixture: &Fixture) -> Vec<(MigratedCustomer, String)> {
    let shop =
        Subscription { source: Some("shop".into()), ..Subscription::new("write_back:shop", &[EventKind::WriteBack]) };
    fixture.ledger.route(std::slice::from_ref(&shop), Timestamp::MAX, 1000).await.unwrap();
    let due = fixture.ledger.due(&shop, Timestamp::MAX, Duration::ZERO, 1000).await.unwrap();
    due.into_iter().map(|one| (one.event.customer.unwrap(), one.event.account.unwrap().0)).collect()
}

#[tokio::test]
async fn a_migration_is_written_back_once_with_what_is_declared() {
    let fixture = Fixture::new();
    fixture.legacy(&customer_with("ada", &json!({ "plain": "secret ada" })));
    let migrator = migrator(&fixture);
    assert!(!login(&migrator, "ADA", "wrong").await.outcome.is_success());
    let answer = login(&migrator, "ADA@example.org", "secret ada").await;
    assert_eq!(answer.outcome, Outcome::Migrated);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Authenticated);
    migrator.forgot_password("r1", "ada", None, None).await;
    let told = told(&fixture).await;
    assert_eq!(told.len(), 1);
    let (customer, account) = &told[0];
    assert_eq!((customer.key.clone(), Some(account)), (key("ada"), answer.account.as_ref().map(|id| &id.0)));
    let kept: Vec<_> = customer.kept.iter().map(|(name, text)| format!("{name}={text}")).collect();
    assert_eq!(kept, ["identifier=ada@example.org", "mail=ada@example.org"], "neither the hash nor the password");
    let shown = format!("{told:?}");
    for secret in ["secret ada", &md5("secret ada"), "ada@example.org"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn without_write_back_nothing_is_kept() {
    let fixture = Fixture::new();
    fixture.legacy(&customer_with("ada", &json!({})));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert!(told(&fixture).await.is_empty());
}

/// A pending account is no migration; signing in with the legacy password completes it.
#[tokio::test]
async fn a_pending_account_is_written_back_when_it_is_completed() {
    let fixture = Fixture::new();
    fixture.legacy(&customer_with("ada", &json!({})));
    let migrator = migrator(&fixture);
    migrator.forgot_password("r1", "ada", None, None).await;
    assert!(told(&fixture).await.is_empty());
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    assert_eq!(told(&fixture).await.len(), 1);
}

/// A customer who chooses a new password leaves the legacy system, too: once, and by nothing but the legacy id.
#[tokio::test]
async fn a_pending_account_is_written_back_when_it_gets_a_password() {
    let fixture = Fixture::new();
    fixture.legacy(&customer_with("ada", &json!({})));
    let migrator = migrator(&fixture);
    migrator.forgot_password("r1", "ada", None, None).await;
    let id = fixture.accounts().await[0].id.clone();
    for password in ["new password", "newer password"] {
        migrator.set_password("r1", &id, Zeroizing::new(password.into())).await.unwrap();
    }
    let told = told(&fixture).await;
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0.key.clone(), told[0].1.as_str()), (key("ada"), id.0.as_str()));
    assert!(told[0].0.kept.is_empty());
}

/// Recovery and a login that finds the account of an interrupted one: each tells of the customer once.
#[tokio::test]
async fn interrupted_migrations_are_written_back() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        fixture.legacy(&customer_with(name, &json!({})));
    }
    let migrator = migrator(&fixture);
    fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::TargetUnavailable);
    fixture.clock.advance(60);
    assert_eq!(migrator.recover().await.unwrap(), 1);
    fixture.target.faults().push([Fault::Pass, Fault::Lose(PortErrorKind::Unavailable)]);
    assert_eq!(login(&migrator, "bob", "secret bob").await.outcome, Outcome::TargetUnavailable);
    for name in ["ada", "bob"] {
        assert_eq!(login(&migrator, name, &format!("secret {name}")).await.outcome, Outcome::Authenticated);
    }
    fixture.clock.advance(60);
    migrator.recover().await.unwrap();
    let told: Vec<_> = told(&fixture).await.into_iter().map(|(customer, _)| customer).collect();
    assert_eq!(told.iter().map(|customer| customer.key.clone()).collect::<Vec<_>>(), [key("ada"), key("bob")]);
    assert!(told[0].kept.is_empty(), "recovery has no record");
}
