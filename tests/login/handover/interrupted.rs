//! Programs that were killed, and ledgers that failed, between the claim and its end: the provider got no answer, so it
//! stored nothing.

use std::sync::Arc;
use std::time::Duration;

use landfall::adapters::memory::MemoryTarget;
use landfall::migrate::{Handover, Outcome, Refusal};
use landfall::model::Password;
use landfall::ports::{
    AccountLookup, AccountState, Call, Claim, ClaimAnswer, Clock as _, EntryState, EventKind, Support, Target as _,
    TargetId,
};

use super::world::{World, hand_over, over_both_ledgers, over_products};
use crate::fixture::{customer, key};

const ALREADY: Outcome = Outcome::Refused(Refusal::AlreadyMigrated);

/// What a process leaves that was killed right after it claimed a customer whose password was verified.
async fn killed_after_claim(world: &World, name: &str) {
    let now = world.clock.now();
    let claim = Claim {
        key: key(name),
        logins: [name.to_owned(), format!("{name}@example.org")].map(|login| world.keyring.subject(&login)).to_vec(),
        lookup: AccountLookup::ExternalId,
        external_id: world.keyring.external_id(&key(name)),
        rules: "rules-1".to_owned(),
        claimed_at: now,
        verified_at: Some(now),
        creating_at: now,
        lease: Duration::from_secs(2),
    };
    let answer = world.ledger.claim(&claim).await.unwrap();
    assert!(matches!(answer, ClaimAnswer::Granted(_)), "{answer:?}");
}

#[tokio::test]
async fn an_interrupted_handover_was_not_done() {
    over_both_ledgers(async |world: World| {
        for (name, recovers) in [("ada", true), ("bob", false)] {
            world.legacy(&customer(name));
            killed_after_claim(&world, name).await;
            let password = format!("secret {name}");
            // until the claim ends, nobody knows whether its process still works
            let brisk = Handover { deadline: Duration::from_millis(100), ..world.handover.clone() };
            let busy = hand_over(&world.migrator, &brisk, name, &password).await;
            assert_eq!((busy.outcome, busy.profile), (Outcome::Overloaded, None), "it is not a refusal");
            world.clock.advance(5);
            if recovers {
                assert_eq!(world.migrator.recover().await.unwrap(), 1);
                assert_eq!(world.entry(name).await.unwrap().state, EntryState::Abandoned);
            }
            let handed = world.ask(name, &password).await;
            assert_eq!((handed.outcome, handed.profile.is_some()), (Outcome::Migrated, true), "{name}");
            assert_eq!(world.migrator.recover().await.unwrap(), 0);
        }
        assert_eq!((world.decisions("migrated").await, world.decisions("recovered").await), (2, 0));
        assert_eq!(world.events(EventKind::Migrated).await, 2);
    })
    .await;
}

/// The account of a customer who was provisioned before.
async fn provisioned(world: &World, name: &str) -> TargetId {
    world.migrator.forgot_password("r1", &format!("{name}@example.org"), None, None).await;
    let entry = world.entry(name).await.unwrap();
    assert_eq!(entry.found().unwrap().state, AccountState::Pending);
    entry.account.unwrap()
}

async fn accounts(target: &MemoryTarget) -> usize {
    target.list(Call::outside_login("r1"), None, 100).await.map_or(0, |accounts| accounts.len())
}

/// The account is at the product, and has no password. Whatever recovery finds there, the customer is handed over at the next
/// login, with the same account.
#[tokio::test]
async fn an_interrupted_handover_leaves_the_account_pending() {
    over_products(async |world: World, target: Arc<MemoryTarget>| {
        world.legacy(&customer("ada"));
        let account = provisioned(&world, "ada").await;
        killed_after_claim(&world, "ada").await;
        world.clock.advance(5);
        assert_eq!(world.migrator.recover().await.unwrap(), 1);
        let entry = world.entry("ada").await.unwrap();
        assert_eq!(entry.found().unwrap().state, AccountState::Pending);
        assert_eq!((entry.account, world.events(EventKind::Migrated).await), (Some(account.clone()), 0));
        let handed = world.ask("ada", "secret ada").await;
        assert_eq!((handed.outcome, handed.account), (Outcome::Migrated, Some(account)));
        world.after_repeats();
        assert_eq!(world.outcome("ada", "secret ada").await, ALREADY);
        assert_eq!((world.events(EventKind::Migrated).await, accounts(&target).await), (1, 0), "it lists nothing");
    })
    .await;
}

/// A product that does not tell accounts without a password from others calls all of them complete.
#[tokio::test]
async fn what_a_product_does_not_tell_locks_nobody_out() {
    for knows in [Support::Yes, Support::No] {
        let target = super::world::product(knows);
        let world = World::in_file(Some(Arc::clone(&target))).await;
        world.legacy(&customer("ada"));
        let account = provisioned(&world, "ada").await;
        // the account has a password by now: one of the product itself, or none of which we know
        let own = Arc::new(Password::new(b"chosen at the product".to_vec()).unwrap());
        target.set_password(Call::outside_login("r1"), &account, &own, world.clock.now()).await.unwrap();
        killed_after_claim(&world, "ada").await;
        world.clock.advance(5);
        assert_eq!(world.migrator.recover().await.unwrap(), 1);
        let handed = world.ask("ada", "secret ada").await;
        if knows == Support::Yes {
            // the provider may ask again, and not for longer because recovery came late
            assert_eq!(handed.outcome, Outcome::Authenticated);
            world.clock.advance(596);
            // what the product says for sure counts: the customer has a password there
            assert_eq!(world.outcome("ada", "secret ada").await, ALREADY);
        } else {
            assert_eq!((handed.outcome, handed.account), (Outcome::Migrated, Some(account)));
        }
    }
}

/// The answer was lost after it was recorded: the provider asks again, and gets it.
#[tokio::test]
async fn a_lost_answer_is_repeated() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let lost = world.ask("ada", "secret ada").await;
        assert_eq!(lost.outcome, Outcome::Migrated);
        let restarted = world.process(|_| {});
        assert_eq!(restarted.recover().await.unwrap(), 0);
        assert!(world.profile("ada").await.is_some(), "products ask for the profile before the verdict");
        let again = hand_over(&restarted, &world.handover, "ada", "secret ada").await;
        assert_eq!((again.outcome, again.account, again.profile), (Outcome::Authenticated, lost.account, lost.profile));
    })
    .await;
}
