//! Attempts count through a bridge as everywhere else.

use std::net::{IpAddr, Ipv4Addr};

use landfall::hashing::HashCalls;
use landfall::migrate::{Allowance, Outcome, Refusal};
use serde_json::json;

use super::world::{World, hand_over, over_both_ledgers};
use crate::fixture::{Options, customer, customer_with, login};

const OVER_LIMIT: Outcome = Outcome::Refused(Refusal::Attempts);

#[tokio::test]
async fn guesses_are_counted_before_and_after_the_handover() {
    over_both_ledgers(async |world: World| {
        for name in ["ada", "bob"] {
            world.legacy(&customer(name));
        }
        assert_eq!(world.outcome("bob", "secret bob").await, Outcome::Migrated);
        for name in ["ada", "bob"] {
            let mail = format!("{name}@example.org");
            for guess in 0..10 {
                let identifier = if guess % 2 == 0 { name } else { mail.as_str() };
                let refused = world.outcome(identifier, "guess").await;
                assert!(matches!(refused, Outcome::Refused(_)) && refused != OVER_LIMIT, "{guess}: {refused:?}");
            }
            for identifier in [name, mail.as_str()] {
                let refused = world.ask(identifier, &format!("secret {name}")).await;
                assert_eq!((refused.outcome, refused.profile), (OVER_LIMIT, None), "{identifier}");
            }
            let beside = login(&world.migrator, name, &format!("secret {name}")).await.outcome;
            assert_eq!(beside, OVER_LIMIT, "one limit for all ways to sign in");
        }
        world.clock.advance(31 * 60);
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        let already = world.outcome("bob", "secret bob").await;
        assert_eq!(already, Outcome::Refused(Refusal::AlreadyMigrated));
    })
    .await;
}

/// Refused because handed over counts as well: otherwise it would be a way to guess without a limit.
#[tokio::test]
async fn guesses_after_the_time_for_repeats_are_counted() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        world.after_repeats();
        for _ in 0..10 {
            assert_eq!(world.outcome("ada", "guess").await, Outcome::Refused(Refusal::AlreadyMigrated));
        }
        assert_eq!(world.outcome("ada", "guess").await, OVER_LIMIT);
    })
    .await;
}

#[tokio::test]
async fn profiles_are_counted_on_the_network() {
    let network = |last| Some(IpAddr::V4(Ipv4Addr::new(192, 0, last, 1)));
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let mut options = Options::default();
        options.settings.attempts.signup_network = Allowance::per_minutes(3, 15);
        let migrator = world.process_with(options);
        let world = World { migrator, ..world };
        for name in ["ada", "nobody", "ada"] {
            assert_eq!(world.profile_from(name, network(1)).await.is_some(), name == "ada");
        }
        assert_eq!(world.profile_from("ada", network(1)).await, None, "the network is over its limit");
        assert!(world.profile_from("ada", network(2)).await.is_some());
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated, "nobody is locked out by it");
        world.clock.advance(31 * 60);
        assert_eq!(world.decisions("known").await, 3);
    })
    .await;
}

/// Whatever the reason of a refusal, it costs the same hashes.
#[tokio::test]
async fn every_refusal_costs_the_same_hashes() {
    over_both_ledgers(async |world: World| {
        for name in ["ada", "bob", "unfit", "ove"] {
            world.legacy(&customer(name));
        }
        world.legacy(&customer_with("luke", &json!({ "state": "locked" })));
        world.legacy(&customer_with("bart", &json!({ "blocked": true })));
        world.legacy(&customer_with("rick", &json!({ "mail": "no-address" })));
        assert_eq!(world.outcome("bob", "secret bob").await, Outcome::Migrated);
        world.after_repeats();
        for _ in 0..10 {
            world.outcome("ove", "guess").await;
        }
        for (name, password, expected) in [
            ("ada", "wrong", Outcome::Refused(Refusal::WrongPassword)),
            ("nobody", "wrong", Outcome::Refused(Refusal::Unknown)),
            ("bob", "secret bob", Outcome::Refused(Refusal::AlreadyMigrated)),
            ("bob", "wrong", Outcome::Refused(Refusal::AlreadyMigrated)),
            ("luke", "secret luke", Outcome::Refused(Refusal::Locked)),
            ("bart", "secret bart", Outcome::DeniedByRule("blocked".to_owned())),
            ("rick", "secret rick", Outcome::InvalidRecord),
            ("unfit", "secret unfit", Outcome::InvalidRecord),
            ("ove", "secret ove", OVER_LIMIT),
            ("two words", "x", Outcome::Refused(Refusal::Malformed)),
            ("ada", "", Outcome::Refused(Refusal::Malformed)),
        ] {
            let asked = hand_over(&world.migrator, &world.handover, name, password);
            let (handed, hashes) = world.hashes(asked).await;
            assert_eq!((handed.outcome, handed.profile), (expected, None), "{name}");
            assert_eq!(hashes, HashCalls { legacy: 1, target: 0 }, "{name}");
        }
    })
    .await;
}
