//! Handing over is the creation: it happens once, may be repeated for a while, and never again.

use std::time::Duration;

use futures_util::future::join_all;
use landfall::adapters::memory::Fault;
use landfall::migrate::{Handover, KeptValues, Outcome, ProfileAnswer, Refusal};
use landfall::ports::{EntryState, EventKind, PasswordChange, PortErrorKind, TargetId};
use serde_json::{Value, json};

use super::world::{UNFIT, World, hand_over, hand_over_at, over_both_ledgers};
use crate::fixture::{customer, customer_with, key, login, md5};

const ALREADY: Outcome = Outcome::Refused(Refusal::AlreadyMigrated);
const WRONG: Outcome = Outcome::Refused(Refusal::WrongPassword);

#[tokio::test]
async fn handing_over_is_the_creation() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let refused = world.ask("ada", "wrong").await;
        assert_eq!((refused.outcome, refused.profile, refused.account), (WRONG, None, None));
        assert_eq!(world.entry("ada").await, None, "nothing is written before the verification");

        let handed = world.ask("Ada", "secret ada").await;
        assert_eq!(handed.outcome, Outcome::Migrated);
        let external = world.keyring.external_id(&key("ada"));
        assert_eq!(handed.account, Some(TargetId(external.0.clone())));
        let profile = handed.profile.unwrap();
        assert_eq!((&profile["id"], &profile["legacy"]), (&json!(external.0), &json!("id-ada")));
        assert_eq!(profile["logins"], json!(["ada", "ada@example.org"]));
        assert_eq!(profile["claims"]["email"], json!({ "value": "ada@example.org", "verified": true }));
        let entry = world.entry("ada").await.unwrap();
        assert_eq!((entry.state, entry.account), (EntryState::Done, handed.account));
        assert!(entry.verified_at.is_some());
        assert_eq!((world.decisions("migrated").await, world.events(EventKind::Migrated).await), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn repeats_get_the_same_answer_for_a_while() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let first = world.ask("ada", "secret ada").await;
        for seconds in [0, 300, 299] {
            world.clock.advance(seconds);
            // another spelling, and another login of the same customer
            for identifier in ["ada", "ADA", "Ada@Example.ORG"] {
                let again = world.ask(identifier, "secret ada").await;
                assert_eq!(again.outcome, Outcome::Authenticated, "{identifier} after {seconds} s");
                assert_eq!((&again.account, &again.profile), (&first.account, &first.profile), "{identifier}");
            }
            assert!(!world.outcome("ada", "wrong").await.is_success());
        }
        // a repeat does not begin the time again
        world.clock.advance(2);
        assert_eq!(world.outcome("ada", "secret ada").await, ALREADY);
        assert_eq!((world.decisions("migrated").await, world.events(EventKind::Migrated).await), (1, 1));
    })
    .await;
}

/// The customer may have changed the password at the provider. What the legacy system says counts no more.
#[tokio::test]
async fn an_old_password_is_worth_nothing_afterwards() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        world.after_repeats();
        let asked = world.source.calls();
        for identifier in ["ada", "ADA ", "ada@example.org"] {
            let refused = world.ask(identifier, "secret ada").await;
            assert_eq!((refused.outcome, refused.profile, refused.account), (ALREADY, None, None), "{identifier}");
        }
        assert_eq!(world.source.calls(), asked, "the legacy system is not asked");
        world.source.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
        assert_eq!(world.outcome("ada", "secret ada").await, ALREADY);
        world.source.faults().stand(Fault::Pass);
        // a login that the customer did not have when handed over leads to the same customer
        world.source.clear();
        world.legacy(&customer_with("ada", &json!({ "login": "ada.b", "mail": "ada.b@example.org" })));
        for identifier in ["ada.b", "ada.b@example.org"] {
            assert_eq!(world.outcome(identifier, "secret ada").await, ALREADY, "{identifier}");
        }
        assert_eq!(world.decisions("migrated").await, 1);
    })
    .await;
}

/// A login that the record did not have before finds the customer who was just handed over.
#[tokio::test]
async fn a_new_login_repeats_as_well() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let first = world.ask("ada", "secret ada").await;
        world.source.clear();
        world.legacy(&customer_with("ada", &json!({ "login": "ada.b" })));
        let again = world.ask("ada.b", "secret ada").await;
        assert_eq!((again.outcome, again.account), (Outcome::Authenticated, first.account));
        assert_eq!((world.decisions("migrated").await, world.events(EventKind::Migrated).await), (1, 1));
    })
    .await;
}

/// The legacy system is the judge of repeats: a password that it has learnt since counts, and one that it has forgotten does
/// not.
#[tokio::test]
async fn repeats_are_verified() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        world.source.clear();
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Unknown));
        world.legacy(&customer_with("ada", &json!({ "password": md5("another") })));
        assert!(!world.outcome("ada", "secret ada").await.is_success());
        assert_eq!(world.outcome("ada", "another").await, Outcome::Authenticated);
        world.source.clear();
        world.legacy(&customer_with("ada", &json!({ "state": "locked" })));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::Locked));
        world.source.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::LegacyUnavailable, "an outage is no refusal");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_at_once_are_one_handover() {
    over_both_ledgers(async |world: World| {
        let other = world.process(|_| {});
        for (name, repeat) in [("ada", 600), ("bob", 0)] {
            world.legacy(&customer(name));
            let handover = Handover { repeat: Duration::from_secs(repeat), ..world.handover.clone() };
            let (password, mail) = (format!("secret {name}"), format!("{name}@example.org"));
            let asked = (0..8).map(|at| {
                let process = if at % 2 == 0 { &world.migrator } else { &other };
                hand_over(process, &handover, if at % 3 == 0 { &mail } else { name }, &password)
            });
            let wrong = hand_over(&other, &handover, name, "wrong");
            let (handed, wrong) = tokio::join!(join_all(asked), wrong);
            assert!(matches!(wrong.outcome, Outcome::Refused(_)), "{wrong:?}");
            let created = handed.iter().filter(|one| one.outcome == Outcome::Migrated).count();
            assert_eq!(created, 1, "{handed:?}");
            for one in &handed {
                assert!(one.outcome.is_success(), "{one:?}");
                assert_eq!((&one.account, &one.profile), (&handed[0].account, &handed[0].profile));
            }
        }
        assert_eq!((world.decisions("migrated").await, world.events(EventKind::Migrated).await), (2, 2));
        world.clock.advance(1);
        let nobody_again = Handover { repeat: Duration::ZERO, ..world.handover.clone() };
        assert_eq!(hand_over(&other, &nobody_again, "ada", "secret ada").await.outcome, ALREADY);
    })
    .await;
}

#[tokio::test]
async fn only_the_provider_that_a_customer_was_handed_to_may_ask_again() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let named = |provider: &str| Handover { provider: provider.to_owned(), ..world.handover.clone() };
        let (one, other) = (named("/bridge/one"), named("/bridge/other"));
        let handed = hand_over(&world.migrator, &one, "ada", "secret ada").await;
        assert_eq!(handed.outcome, Outcome::Migrated);
        let external = world.keyring.external_id(&key("ada"));
        assert_eq!(handed.account, Some(TargetId(format!("{}@/bridge/one", external.0))));
        assert_eq!(hand_over(&world.migrator, &other, "ada", "secret ada").await.outcome, ALREADY);
        let profile = world.migrator.profile("r1", "ada", None, None, &other).await;
        assert_eq!(profile, ProfileAnswer::Unknown);
        assert_eq!(hand_over(&world.migrator, &one, "ada", "secret ada").await.outcome, Outcome::Authenticated);
    })
    .await;
}

#[tokio::test]
async fn an_account_of_the_provider_gets_the_password_of_its_own_customer_alone() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let of = |customer: &str| Handover { customer: Some(customer.to_owned()), ..world.handover.clone() };
        let refused = hand_over(&world.migrator, &of("somebody else"), "ada", "secret ada").await;
        assert_eq!((refused.outcome, refused.profile), (Outcome::Conflict, None));
        assert_eq!(world.entry("ada").await, None, "nothing is recorded as handed over");
        let own = of(&world.keyring.external_id(&key("ada")).0);
        assert_eq!(hand_over(&world.migrator, &own, "ada", "secret ada").await.outcome, Outcome::Migrated);
    })
    .await;
}

/// A provider takes an address as a login, so that a record that lists somebody else's must not make it a verified one.
#[tokio::test]
async fn nothing_is_verified_in_the_profile_of_a_record_with_a_contested_login() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let eve = customer_with("eve", &json!({ "mail": "ada@example.org" }));
        world.source.insert(&["eve"], eve.to_string()).unwrap();
        let verified = |profile: &Value| profile["claims"]["email"]["verified"].clone();
        let handed = world.ask("eve", "secret eve").await;
        assert_eq!(handed.outcome, Outcome::Migrated);
        assert_eq!(verified(&handed.profile.unwrap()), json!(false));
        assert_eq!(verified(&world.ask("ada", "secret ada").await.profile.unwrap()), json!(true));
    })
    .await;
}

/// A time in the ledger that is ahead must not make an old password count until then.
#[tokio::test]
async fn a_clock_that_was_ahead_prolongs_nothing() {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        world.clock.advance(YEAR);
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        world.clock.advance(-YEAR);
        assert_eq!(world.outcome("ada", "secret ada").await, ALREADY);
        assert_eq!(world.profile("ada").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_new_password_is_required_in_every_answer() {
    let chosen = "x".repeat(72);
    let hash = bcrypt::hash_with_result(&chosen, 4).unwrap().to_string();
    over_both_ledgers(async |world: World| {
        world.legacy(&customer_with("ada", &json!({ "password": hash })));
        let typed = format!("{chosen} and more");
        for outcome in [Outcome::MigratedMustChangePassword, Outcome::Authenticated] {
            let handed = world.ask("ada", &typed).await;
            assert_eq!((handed.outcome, handed.change), (outcome, PasswordChange::Required));
            assert_eq!(handed.profile.unwrap()["must_change"], json!(true));
        }
    })
    .await;
}

/// The rules of the bridge make nothing that the product could store.
#[tokio::test]
async fn nobody_is_handed_over_without_a_profile() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer(UNFIT));
        let refused = world.ask(UNFIT, "secret unfit").await;
        assert_eq!((refused.outcome, refused.account, refused.profile), (Outcome::InvalidRecord, None, None));
        assert_eq!((world.entry(UNFIT).await, world.decisions("invalid_record").await), (None, 1));
        assert_eq!((world.profile(UNFIT).await, world.events(EventKind::Migrated).await), (None, 0));
        let steps = world.steps.0.lock().unwrap().join("\n");
        assert!(steps.contains("profile: the rules make no account"), "{steps}");
        // a product that takes no profile is handed everybody
        let handover = Handover { profiles: None, ..world.handover.clone() };
        let handed = hand_over(&world.migrator, &handover, UNFIT, "secret unfit").await;
        assert_eq!((handed.outcome, handed.profile), (Outcome::Migrated, None));
    })
    .await;
}

#[tokio::test]
async fn a_customer_is_handed_over_at_the_tenant_that_the_system_serves() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let club = world.process(|parts| parts.legacy.tenants = vec!["club".to_owned()]);
        for tenant in [None, Some("shop")] {
            let refused = hand_over_at(&club, &world.handover, "ada", "secret ada", tenant).await;
            assert_eq!(refused.outcome, Outcome::Refused(Refusal::Unknown), "{tenant:?}");
        }
        assert_eq!(world.source.calls(), 0);
        let handed = hand_over_at(&club, &world.handover, "ada", "secret ada", Some("club")).await;
        assert_eq!(handed.outcome, Outcome::Migrated);
    })
    .await;
}

/// The provider waits less or longer than other callers.
#[tokio::test]
async fn the_deadline_of_the_bridge_counts() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        world.source.faults().push([Fault::Hang, Fault::Hang]);
        let handover = Handover { deadline: Duration::from_millis(80), ..world.handover.clone() };
        let began = std::time::Instant::now();
        let late = hand_over(&world.migrator, &handover, "ada", "secret ada").await;
        assert_eq!(late.outcome, Outcome::LegacyUnavailable);
        let profile = world.migrator.profile("r1", "ada", None, None, &handover).await;
        assert!(matches!(profile, ProfileAnswer::Unavailable(_)), "{profile:?}");
        assert!(began.elapsed() < Duration::from_secs(10), "the login itself has 20 s");
        let brisk = world.process_with(crate::fixture::Options {
            settings: landfall::migrate::MigratorSettings {
                deadline: Duration::from_millis(50),
                ..crate::fixture::Options::default().settings
            },
            ..crate::fixture::Options::default()
        });
        world.source.faults().push([Fault::Delay(Duration::from_millis(200))]);
        assert_eq!(hand_over(&brisk, &world.handover, "ada", "secret ada").await.outcome, Outcome::Migrated);
    })
    .await;
}

/// The legacy system is told, and events happen, as at every other migration.
#[tokio::test]
async fn the_legacy_system_is_told_once() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let kept = KeptValues { identifier: true, fields: Vec::new() };
        let migrator = world.process(|parts| parts.legacy.write_back = Some(kept));
        for outcome in [Outcome::Migrated, Outcome::Authenticated] {
            assert_eq!(hand_over(&migrator, &world.handover, "ada", "secret ada").await.outcome, outcome);
        }
        world.after_repeats();
        assert_eq!(hand_over(&migrator, &world.handover, "ada", "secret ada").await.outcome, ALREADY);
        assert_eq!(world.events(EventKind::WriteBack).await, 1);
        assert_eq!(world.events(EventKind::Migrated).await, 1);
    })
    .await;
}

/// Where nobody but the provider has the accounts, a login of another kind creates none.
#[tokio::test]
async fn a_login_beside_the_bridge_creates_nothing() {
    over_both_ledgers(async |world: World| {
        world.legacy(&customer("ada"));
        let outcome = login(&world.migrator, "ada", "secret ada").await.outcome;
        assert_eq!(outcome, Outcome::TargetUnavailable);
        world.clock.advance(60);
        assert_eq!(world.outcome("ada", "secret ada").await, Outcome::Migrated);
        world.clock.advance(1);
        assert_eq!(login(&world.migrator, "ada", "secret ada").await.outcome, ALREADY);
    })
    .await;
}
