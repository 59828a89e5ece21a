//! Profiles without a password: before a login, or because the password was forgotten.

use std::sync::Arc;

use landfall::adapters::memory::{Fault, MemorySource};
use landfall::migrate::{AfterMismatch, Handover, LegacySystem, Outcome, ProfileAnswer, Refusal, Writer};
use landfall::ports::{EventKind, IdentifierProfile, PortErrorKind};
use serde_json::{Value, json};

use super::world::{UNFIT, World, hand_over, handover, over_both_ledgers};
use crate::fixture::{Fixture, customer, customer_with, md5};

#[tokio::test]
async fn a_profile_hands_nobody_over() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let profile = world.profile("ada").await.unwrap();
        assert_eq!(world.profile("ADA@example.org").await.as_ref(), Some(&profile));
        assert_eq!((world.entry("ada").await, world.events(EventKind::Migrated).await), (None, 0));
        assert_eq!((world.decisions("known").await, world.decisions("migrated").await), (2, 0));
        let handed = world.ask("ada", "secret ada").await;
        assert_eq!((handed.outcome, handed.profile.as_ref()), (Outcome::Migrated, Some(&profile)), "the same profile");
        assert_eq!(world.profile("ada").await.as_ref(), Some(&profile), "and while the provider may repeat");
        world.after_repeats();
        for identifier in ["ada", "ada@example.org"] {
            assert_eq!(world.profile(identifier).await, None, "{identifier}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_may_not_sign_in_is_unknown() {
    over_both_ledgers(async |world: World| {
        for name in ["ada", UNFIT] {
            world.legacy(&customer(name));
        }
        world.legacy(&customer_with("dora", &json!({ "state": "disabled" })));
        world.legacy(&customer_with("luke", &json!({ "state": "locked" })));
        world.legacy(&customer_with("bart", &json!({ "blocked": true })));
        world.legacy(&customer_with("rick", &json!({ "mail": "no-address" })));
        for twin in ["one", "other"] {
            world.source.insert(&["twin"], customer(twin).to_string()).unwrap();
        }
        let mut other = customer("somebody");
        other["id"] = json!("id-x");
        world.source.insert(&["wrong-record"], other.to_string()).unwrap();
        for name in ["dora", "luke", "bart", "rick", UNFIT, "twin", "wrong-record", "nobody", "two words", "", "a\0b"] {
            assert_eq!(world.profile(name).await, None, "{name:?}");
        }
        assert!(world.profile("ada").await.is_some());
        // an outage is not the same
        world.source.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
        let unavailable = world.migrator.profile("r1", "ada", None, None, &world.handover).await;
        assert!(matches!(unavailable, ProfileAnswer::Unavailable(_)), "{unavailable:?}");
    })
    .await;
}

#[tokio::test]
async fn a_profile_never_contains_the_password_or_its_hash() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let (profile, handed) = (world.profile("ada").await.unwrap(), world.ask("ada", "secret ada").await);
        for profile in [profile, handed.profile.unwrap()] {
            let text = profile.to_string();
            for secret in ["secret ada", &md5("secret ada"), "md5"] {
                assert!(!text.contains(secret), "{secret} is in {text}");
            }
        }
        let shown = world.steps.0.lock().unwrap().join("\n");
        for secret in ["secret ada", &md5("secret ada"), "ada@example.org"] {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
    })
    .await;
}

/// Where Landfall itself stores the accounts, the profile of a customer who has one is made from what is stored.
#[tokio::test]
async fn accounts_of_the_target_have_profiles_while_they_may_be_used() {
    let fixture = Fixture::new();
    for name in ["ada", "bob"] {
        fixture.legacy(&customer(name));
    }
    let handover = Handover { writer: Writer::Target, ..handover() };
    let profile = async |name: &str| match fixture.migrator.profile("r1", name, None, None, &handover).await {
        ProfileAnswer::Known(profile) => serde_json::from_str::<Value>(&profile.0).unwrap(),
        ProfileAnswer::Unknown => Value::Null,
        ProfileAnswer::Unavailable(_) => panic!("{name}"),
    };
    let before = profile("ada").await;
    let handed = hand_over(&fixture.migrator, &handover, "ada", "secret ada").await;
    assert_eq!((handed.outcome, handed.profile.as_ref()), (Outcome::Migrated, Some(&before)));
    fixture.source.clear();
    fixture.clock.advance(24 * 60 * 60);
    let later = hand_over(&fixture.migrator, &handover, "ada@example.org", "secret ada").await;
    assert_eq!((later.outcome, later.account.as_ref()), (Outcome::Authenticated, handed.account.as_ref()));
    assert_eq!(later.profile.as_ref(), Some(&before), "the target verifies, so that nothing ends");
    assert_eq!(profile("ada").await, before);
    fixture.target.disable(&handed.account.unwrap(), jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(profile("ada").await, Value::Null, "a disabled account");
    assert_eq!(profile("bob").await, Value::Null, "the legacy system has forgotten bob");
}

/// Two customers with the same name in two systems. A provider that takes the profile of the one must not get the verdict on
/// the other.
#[tokio::test]
async fn the_verdict_is_about_the_customer_of_the_profile() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let club = Arc::new(MemorySource::new("club", IdentifierProfile::default()));
        let other = customer_with("ada", &json!({ "mail": "ada@club.example", "password": md5("club ada") }));
        club.insert(&["ada", "ada@club.example"], other.to_string()).unwrap();
        let migrator = world.process(|parts| {
            parts.more = vec![LegacySystem { source: club, ..parts.legacy.clone() }];
            parts.legacy.after_mismatch = AfterMismatch::AskNext;
        });
        let world = World { migrator, ..world };
        let profile = world.profile("ada").await.unwrap();
        assert_eq!(profile["claims"]["email"]["value"], "ada@example.org");
        let twice = Handover { knows_account: true, ..world.handover.clone() };
        let refused = hand_over(&world.migrator, &twice, "ada", "club ada").await;
        assert_eq!((refused.outcome, refused.profile), (Outcome::Refused(Refusal::WrongPassword), None));
        assert_eq!(hand_over(&world.migrator, &twice, "ada", "secret ada").await.profile, Some(profile));
        // where the profile comes with the verdict, the other customer is found
        let handed = world.ask("ada@club.example", "club ada").await;
        assert_eq!(handed.profile.unwrap()["claims"]["email"]["value"], "ada@club.example");
    })
    .await;
}
