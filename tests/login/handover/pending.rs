//! Accounts that were made before the first login: the customer is handed over with the same account.

use std::sync::Arc;

use landfall::adapters::memory::MemoryTarget;
use landfall::migrate::{Bulk, BulkSettings, Outcome, ProvisionAnswer, Refusal, ResetAnswer};
use landfall::ports::{AccountState, EventKind, TargetId};
use serde_json::json;

use super::world::{World, over_both_ledgers, over_products};
use crate::fixture::{customer, customer_with};

/// Hands a customer over who has a pending account.
async fn handed_over_with(world: &World, name: &str, account: &TargetId) {
    let entry = world.entry(name).await.unwrap();
    assert_eq!((entry.found().unwrap().state, entry.account.as_ref()), (AccountState::Pending, Some(account)));
    assert!(world.profile(name).await.is_some(), "a customer with a pending account is known");
    assert!(!world.outcome(name, "wrong").await.is_success());
    let password = format!("secret {name}");
    for outcome in [Outcome::Migrated, Outcome::Authenticated] {
        let handed = world.ask(name, &password).await;
        assert_eq!((handed.outcome, handed.account.as_ref()), (outcome, Some(account)), "{name}");
    }
    let entry = world.entry(name).await.unwrap();
    assert_eq!((entry.found().unwrap().state, entry.account.as_ref()), (AccountState::Active, Some(account)));
    world.after_repeats();
    assert_eq!(world.outcome(name, &password).await, Outcome::Refused(Refusal::AlreadyMigrated));
}

#[tokio::test]
async fn pending_accounts_become_active_with_the_same_id() {
    over_products(async |world: World, target: Arc<MemoryTarget>| {
        for name in ["ada", "bob", "eve"] {
            world.legacy(&customer(name));
        }
        let bulk = Bulk::new(Arc::clone(&world.migrator), BulkSettings::new("shop")).unwrap();
        bulk.record(customer("ada").to_string(), &[]).await.unwrap();
        let reset = world.migrator.forgot_password("r1", "bob@example.org", None, None).await;
        assert_eq!(reset, ResetAnswer::Accepted);
        let provisioned = world.migrator.provision("r1", "eve@example.org", None, None).await;
        assert_eq!(target.faults().calls().iter().filter(|call| **call == "create").count(), 3);
        assert_eq!(world.events(EventKind::Migrated).await, 0);
        for name in ["ada", "bob", "eve"] {
            let account = world.entry(name).await.unwrap().account.unwrap();
            if name == "eve" {
                assert_eq!(provisioned, ProvisionAnswer::Done(Some(account.clone())));
            }
            handed_over_with(&world, name, &account).await;
        }
        // the product stores the password from our answer, and is never asked to
        assert_eq!(target.faults().calls(), [""; 0]);
        assert_eq!((world.decisions("migrated").await, world.events(EventKind::Migrated).await), (3, 3));
    })
    .await;
}

#[tokio::test]
async fn provisioning_makes_one_account_without_a_password() {
    over_products(async |world: World, target: Arc<MemoryTarget>| {
        world.legacy(&customer("ada"));
        world.legacy(&customer_with("luke", &json!({ "state": "locked" })));
        world.legacy(&customer_with("bart", &json!({ "blocked": true })));
        let provision = async |name: &str| world.migrator.provision("r1", name, None, None).await;
        let first = provision("ada@example.org").await;
        assert!(matches!(&first, ProvisionAnswer::Done(Some(_))), "{first:?}");
        assert_eq!(provision("ADA").await, first, "the same account");
        for name in ["nobody", "luke", "bart", "two words"] {
            assert_eq!(provision(name).await, ProvisionAnswer::Done(None), "{name}");
        }
        assert_eq!(target.faults().calls().iter().filter(|call| **call == "create").count(), 1);
        assert_eq!((world.events(EventKind::Migrated).await, world.events(EventKind::PasswordReset).await), (0, 0));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        assert_eq!(provision("ada").await, first, "a customer who was handed over has an account, too");
    })
    .await;
}

/// A service whose customers are all handed over makes no account without a password.
#[tokio::test]
async fn without_a_product_nothing_is_provisioned() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let answer = world.migrator.provision("r1", "ada", None, None).await;
        assert!(matches!(answer, ProvisionAnswer::Unavailable(_)), "{answer:?}");
        world.clock.advance(60);
        assert_eq!(world.migrator.recover().await.unwrap(), 1);
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
    })
    .await;
}
