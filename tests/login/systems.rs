//! Several legacy systems: who is asked, and for whom.

use std::sync::Arc;

use landfall::adapters::memory::{Fault, MemorySource};
use landfall::adapters::stored_hash::StoredHashVerifier;
use landfall::migrate::{AfterMismatch, LegacySystem, LiveRules, Migrator, Outcome, Refusal, SignupAnswer, Verifiers};
use landfall::ports::{IdentifierProfile, PortErrorKind};
use serde_json::{Value, json};

use super::fixture::{Fixture, Options, RULES, login, md5, rule_set};

/// A fixture with two more legacy systems behind its own one, which is named `shop`.
struct Several {
    fixture: Fixture,
    systems: [(Arc<MemorySource>, LegacySystem); 2],
}

impl Several {
    fn new() -> Self {
        let fixture = Fixture::new();
        let system = |name: &str| {
            let source = Arc::new(MemorySource::new(name, IdentifierProfile::default()));
            let verifier = Arc::new(StoredHashVerifier::new(Arc::clone(&fixture.hasher)));
            let rules = Arc::new(LiveRules::new(rule_set(RULES)));
            (Arc::clone(&source), LegacySystem::new(source, Verifiers::only(verifier), rules))
        };
        let systems = [system("club"), system("travel")];
        Self { fixture, systems }
    }

    fn migrator(&self, change: impl FnOnce(&mut LegacySystem, &mut [LegacySystem])) -> Arc<Migrator> {
        self.fixture.migrator_with(Options::default(), |parts| {
            parts.more = self.systems.iter().map(|(_, system)| system.clone()).collect();
            change(&mut parts.legacy, &mut parts.more);
        })
    }

    fn sources(&self) -> [&MemorySource; 3] {
        [&self.fixture.source, &self.systems[0].0, &self.systems[1].0]
    }

    /// Adds a customer to a system: 0 is asked first.
    fn add(&self, system: usize, login: &str, mail: &str, password: &str) {
        let record = record(login, mail, password);
        self.sources()[system].insert(&[login, mail], record.to_string()).unwrap();
    }

    async fn external_sources(&self) -> Vec<(String, String)> {
        let accounts = self.fixture.accounts().await;
        let key = |account: landfall::ports::StoredAccount| {
            let legacy = account.legacy.expect("a legacy key");
            (legacy.source, legacy.id)
        };
        let mut keys: Vec<_> = accounts.into_iter().map(key).collect();
        keys.sort();
        keys
    }
}

fn record(login: &str, mail: &str, password: &str) -> Value {
    json!({ "id": login, "login": login, "mail": mail, "password": md5(password) })
}

fn refused(refusal: Refusal) -> Outcome {
    Outcome::Refused(refusal)
}

#[tokio::test]
async fn the_next_system_is_asked_only_for_customers_that_are_not_known() {
    let several = Several::new();
    several.add(0, "ada", "ada@shop.example", "shop ada");
    several.add(1, "ada", "ada@club.example", "club ada");
    several.add(1, "bo", "bo@club.example", "club bo");
    let migrator = several.migrator(|_, _| {});
    assert_eq!(login(&migrator, "ada", "club ada").await.outcome, refused(Refusal::WrongPassword));
    assert_eq!(several.sources().map(MemorySource::calls)[1..], [0, 0]);
    assert_eq!(login(&migrator, "bo", "club bo").await.outcome, Outcome::Migrated);
    assert_eq!(login(&migrator, "nobody", "x").await.outcome, refused(Refusal::Unknown));
    // by the address that only the club knows; the name belongs to the customer of the shop
    assert_eq!(login(&migrator, "ada@club.example", "club ada").await.outcome, Outcome::Migrated);
    assert_eq!(login(&migrator, "ada", "shop ada").await.outcome, Outcome::Migrated);
    assert_eq!(login(&migrator, "ada", "club ada").await.outcome, refused(Refusal::WrongPasswordAtTarget));
    let keys = [("club", "ada"), ("club", "bo"), ("shop", "ada")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(several.external_sources().await, keys);
}

#[tokio::test]
async fn a_system_that_does_not_answer_hides_those_behind_it() {
    let several = Several::new();
    several.add(1, "bo", "bo@club.example", "club bo");
    let migrator = several.migrator(|_, _| {});
    several.sources()[0].faults().push([Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(login(&migrator, "bo", "club bo").await.outcome, Outcome::LegacyUnavailable);
    assert_eq!(several.sources()[1].calls(), 0);
    several.sources()[1].faults().push([Fault::Fail(PortErrorKind::Unavailable)]);
    assert_eq!(login(&migrator, "nobody", "x").await.outcome, Outcome::LegacyUnavailable);
    several.sources()[2].faults().push([Fault::Fail(PortErrorKind::Unavailable)]);
    assert!(matches!(migrator.signup_check("r", "nobody", None).await, SignupAnswer::Unknown(_)));
    assert_eq!(migrator.signup_check("r", "bo", None).await, SignupAnswer::Reserved);
    assert_eq!(migrator.signup_check("r", "nobody", None).await, SignupAnswer::Free);
}

#[tokio::test]
async fn domains_choose_the_system() {
    let several = Several::new();
    several.add(0, "ada", "ada@club.example", "shop ada");
    several.add(1, "ada", "ada@club.example", "club ada");
    let migrator = several.migrator(|first, more| {
        first.domains = vec!["shop.example".to_owned()];
        more[0].domains = vec!["club.example".to_owned()];
        more[1].domains = vec!["travel.example".to_owned()];
    });
    assert_eq!(login(&migrator, "ada@club.example", "club ada").await.outcome, Outcome::Migrated);
    assert_eq!(login(&migrator, "ada@other.example", "club ada").await.outcome, refused(Refusal::Unknown));
    assert_eq!(login(&migrator, "ada", "shop ada").await.outcome, refused(Refusal::Unknown));
    assert_eq!(several.sources().map(MemorySource::calls), [0, 1, 0]);
    assert_eq!(several.external_sources().await, [("club".to_owned(), "ada".to_owned())]);
}

#[tokio::test]
async fn tenants_choose_the_system_and_share_logins() {
    let several = Several::new();
    several.add(0, "ada", "ada@shop.example", "shop ada");
    several.add(1, "ada", "ada@club.example", "club ada");
    several.add(1, "bo", "bo@club.example", "club bo");
    several.add(2, "cy", "cy@travel.example", "travel cy");
    let migrator = several.migrator(|first, more| {
        first.tenants = vec!["shop".to_owned()];
        more[0].tenants = vec!["club".to_owned(), "club2".to_owned()];
    });
    let enter = async |tenant: Option<&str>, identifier: &str, password: &str| {
        let login = landfall::migrate::Login {
            request_id: "r1".to_owned(),
            identifier: identifier.to_owned(),
            password: zeroize::Zeroizing::new(password.as_bytes().to_vec()),
            network: None,
            challenge: landfall::migrate::Challenge::None,
            tenant: tenant.map(str::to_owned),
        };
        migrator.login(login).await.outcome
    };
    assert_eq!(enter(Some("club"), "bo", "club bo").await, Outcome::Migrated);
    assert_eq!(several.sources()[0].calls(), 2, "the shop comes first: it is asked whose the two logins are");
    // the name belongs to the customer of the shop, who comes first
    assert_eq!(enter(Some("club"), "ada", "club ada").await, Outcome::Migrated);
    assert_eq!(enter(Some("club"), "ada@club.example", "club ada").await, Outcome::Authenticated);
    assert_eq!(enter(Some("shop"), "ada", "shop ada").await, Outcome::Migrated);
    // only the system without tenants is asked
    let asked = several.sources().map(MemorySource::calls);
    assert_eq!(enter(None, "nobody", "x").await, refused(Refusal::Unknown));
    assert_eq!(several.sources().map(MemorySource::calls), [asked[0], asked[1], asked[2] + 1]);
    assert_eq!(enter(Some("shop"), "cy", "travel cy").await, Outcome::Migrated);
    assert!(migrator.serves_tenant("club2") && !migrator.serves_tenant("travel"));
}

#[tokio::test]
async fn a_wrong_password_goes_on_only_where_that_is_declared() {
    let several = Several::new();
    several.add(0, "ada", "ada@shop.example", "shop ada");
    several.add(1, "ada", "ada@club.example", "club ada");
    let migrator = several.migrator(|first, _| first.after_mismatch = AfterMismatch::AskNext);
    assert_eq!(login(&migrator, "ada", "neither").await.outcome, refused(Refusal::WrongPassword));
    assert_eq!(login(&migrator, "ada", "club ada").await.outcome, Outcome::Migrated);
    assert_eq!(several.external_sources().await, [("club".to_owned(), "ada".to_owned())]);
}

/// Three systems with the same thousand names: every customer is verified where the customer belongs, nobody elsewhere.
#[tokio::test]
async fn a_thousand_customers_with_the_same_names_in_three_systems() {
    const NAMES: usize = 1000;
    let several = Several::new();
    let systems = ["shop", "club", "travel"];
    for number in 0..NAMES {
        for (at, system) in systems.iter().enumerate() {
            // a name leads to one, two or three systems
            if number % 3 <= at {
                let mail = format!("c{number}@{system}.example");
                several.add(at, &format!("c{number}"), &mail, &format!("{system} {number}"));
            }
        }
    }
    let migrator = several.migrator(|_, _| {});
    for number in 0..NAMES {
        let owner = number % 3;
        for (at, system) in systems.iter().enumerate().rev() {
            let mail = format!("c{number}@{system}.example");
            for (other, presented) in systems.iter().enumerate() {
                let outcome = login(&migrator, &mail, &format!("{presented} {number}")).await.outcome;
                let belongs = at == other && at >= owner;
                assert_eq!(outcome.is_success(), belongs, "{mail} with the password of {presented}: {outcome:?}");
            }
        }
        // the name belongs to the first system that has it
        let by_name = login(&migrator, &format!("c{number}"), &format!("{} {number}", systems[owner])).await;
        assert_eq!(by_name.outcome, Outcome::Authenticated, "c{number}");
    }
    let keys = several.external_sources().await;
    assert_eq!(keys.len(), (0..NAMES).map(|number| 3 - number % 3).sum::<usize>());
}
