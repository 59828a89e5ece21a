//! Customers who were deleted are never handed over, and those whose migration was undone are.

use landfall::migrate::{Outcome, Refusal, Restored, Undone};
use serde_json::json;

use super::world::{World, over_both_ledgers};
use crate::fixture::{customer, customer_with, key};

const DELETED: Outcome = Outcome::Refused(Refusal::Deleted);

#[tokio::test]
async fn deleted_customers_are_never_handed_over() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let account = world.ask("ada", "secret ada").await.account.unwrap();
        assert_eq!(world.migrator.admin().delete("r2", &account).await.unwrap(), Some(account));
        for identifier in ["ada", "ADA@example.org"] {
            let refused = world.ask(identifier, "secret ada").await;
            assert_eq!((refused.outcome, refused.profile, refused.account), (DELETED, None, None), "{identifier}");
            assert_eq!(world.profile(identifier).await, None, "{identifier}");
        }
        // a new record with one of the logins
        world.source.clear();
        world.legacy(&customer_with("ada", &json!({ "id": "another" })));
        world.after_repeats();
        assert_eq!(world.outcome("ada", "secret ada").await, DELETED);
        assert_eq!(world.profile("ada").await, None);
        // and a new login of the same customer
        world.source.clear();
        world.legacy(&customer_with("ada", &json!({ "login": "ada.b", "mail": "ada.b@example.org" })));
        assert_eq!(world.outcome("ada.b", "secret ada").await, DELETED);
        assert_eq!(world.profile("ada.b").await, None);
        assert_eq!(world.decisions("migrated").await, 1);

        let restored = world.migrator.admin().restore("r3", &world.keyring.subject("ada")).await.unwrap();
        assert_eq!(restored, Some(Restored::Forgotten));
        assert!(world.profile("ada.b").await.is_some());
        assert_eq!(world.outcome("ada.b", "secret ada").await, Outcome::Migrated);
    })
    .await;
}

/// The product did not store the customer after all.
#[tokio::test]
async fn an_undone_handover_happens_again() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let first = world.ask("ada", "secret ada").await;
        let account = first.account.unwrap();
        world.after_repeats();
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::AlreadyMigrated));
        let admin = world.migrator.admin();
        assert_eq!(admin.undo("r2", &key("ada"), &account).await.unwrap(), Undone::Missing);
        assert_eq!(world.entry("ada").await, None);
        assert!(world.profile("ada").await.is_some());
        let again = world.ask("ada", "secret ada").await;
        assert_eq!((again.outcome, again.account), (Outcome::Migrated, Some(account)), "the same id as before");
    })
    .await;
}

/// A login that belongs to a customer who was handed over is not given to another.
#[tokio::test]
async fn a_login_of_somebody_else_is_a_conflict() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        world.source.clear();
        world.legacy(&customer_with("eve", &json!({ "mail": "ada@example.org" })));
        assert_eq!(world.profile("eve").await, None);
        assert_eq!(world.outcome("eve", "secret eve").await, Outcome::Conflict);
        assert_eq!(world.entry("eve").await, None);
    })
    .await;
}
