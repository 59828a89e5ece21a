//! Which verifier checks a password, and what its answers mean.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use landfall::migrate::{Migrator, Outcome, Refusal, UnknownVerifier, Verifiers};
use landfall::password::Verdict;
use landfall::ports::{
    BoxFuture, Call, PasswordChange, PortError, PortErrorKind, Presented, Verification, Verifier, Work,
};
use serde_json::json;

use super::fixture::{Fixture, Options, RULES, customer, customer_with, login};

/// A legacy system that always gives the same answer, and counts how often it is asked. `None` is an outage.
struct Scripted {
    answer: Option<Verdict>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new(answer: impl Into<Option<Verdict>>) -> Arc<Self> {
        Arc::new(Self { answer: answer.into(), asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Verifier for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn verify<'a>(&'a self, _: Call<'a>, _: Presented<'a>) -> BoxFuture<'a, Result<Verification, PortError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let outage = || PortError::new(PortErrorKind::Unavailable, "scripted", "verify");
        let answer = self.answer.clone().map(|verdict| Verification { verdict, work: Work::Remote }).ok_or_else(outage);
        Box::pin(async { answer })
    }
}

fn verifiers(named: &[(&str, &Arc<Scripted>)], order: &[&str]) -> Verifiers {
    let named = named.iter().map(|(name, verifier)| ((*name).to_owned(), Arc::clone(verifier) as Arc<dyn Verifier>));
    Verifiers::new(named, order.iter().map(|name| (*name).to_owned()).collect()).unwrap()
}

fn migrator(fixture: &Fixture, rules: &'static str, verifiers: Verifiers) -> Arc<Migrator> {
    fixture.migrator_with(Options { rules, ..Options::default() }, |parts| parts.legacy.verifiers = verifiers)
}

#[tokio::test]
async fn every_answer_of_a_legacy_system_has_its_outcome() {
    use Outcome::{Migrated, MigratedMustChangePassword, Refused};
    for (verdict, expected) in [
        (Verdict::Match, Migrated),
        (Verdict::MustChange, MigratedMustChangePassword),
        (Verdict::Mismatch, Refused(Refusal::WrongPassword)),
        (Verdict::Locked, Refused(Refusal::Locked)),
        (Verdict::Disabled, Refused(Refusal::Disabled)),
        (Verdict::Expired, Refused(Refusal::Expired)),
        (Verdict::Unusable("x".into()), Refused(Refusal::Unverifiable)),
    ] {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let asked = Scripted::new(verdict.clone());
        let migrator = migrator(&fixture, RULES, Verifiers::only(asked.clone()));
        let answer = login(&migrator, "ada", "secret").await;
        let must_change = answer.change == PasswordChange::Required;
        assert_eq!((answer.outcome, must_change), (expected, verdict == Verdict::MustChange), "{verdict:?}");
        assert_eq!(asked.asked(), 1);
    }
}

#[tokio::test]
async fn the_next_verifier_is_asked_only_after_a_wrong_password() {
    use Outcome::{LegacyUnavailable, Migrated, Refused};
    let none = || Verdict::Unusable("no password is stored".into());
    for (first, second, expected, asked) in [
        (Some(Verdict::Mismatch), Some(Verdict::Match), Migrated, 1),
        (Some(none()), Some(Verdict::Match), Migrated, 1),
        (Some(Verdict::Mismatch), Some(none()), Refused(Refusal::WrongPassword), 1),
        (Some(none()), Some(Verdict::Mismatch), Refused(Refusal::WrongPassword), 1),
        (Some(Verdict::Match), Some(Verdict::Mismatch), Migrated, 0),
        (Some(Verdict::Locked), Some(Verdict::Match), Refused(Refusal::Locked), 0),
        (Some(Verdict::Disabled), Some(Verdict::Match), Refused(Refusal::Disabled), 0),
        (Some(Verdict::Expired), Some(Verdict::Match), Refused(Refusal::Expired), 0),
        (None, Some(Verdict::Match), LegacyUnavailable, 0),
        (Some(Verdict::Mismatch), None, LegacyUnavailable, 1),
    ] {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let (a, b) = (Scripted::new(first.clone()), Scripted::new(second.clone()));
        let migrator = migrator(&fixture, RULES, verifiers(&[("a", &a), ("b", &b)], &["a", "b"]));
        let place = format!("{first:?}, {second:?}");
        assert_eq!(login(&migrator, "ada", "secret").await.outcome, expected, "{place}");
        assert_eq!((a.asked(), b.asked()), (1, asked), "{place}");
    }
}

/// An outage of the second verifier must not admit any number of guesses at the first.
#[tokio::test]
async fn a_wrong_password_counts_although_the_next_verifier_is_down() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (a, b) = (Scripted::new(Verdict::Mismatch), Scripted::new(None));
    let migrator = migrator(&fixture, RULES, verifiers(&[("a", &a), ("b", &b)], &["a", "b"]));
    let mut guesses = 0;
    while login(&migrator, "ada", "guess").await.outcome == Outcome::LegacyUnavailable {
        guesses += 1;
        assert!(guesses < 100, "no limit");
    }
    assert_eq!(login(&migrator, "ada", "guess").await.outcome, Outcome::Refused(Refusal::Attempts));
    assert_eq!((a.asked(), b.asked()), (guesses, guesses));
}

#[tokio::test]
async fn the_rules_choose_the_verifier_of_a_customer() {
    const CHOOSING: &str = "landfall: 1\nname: t\ntarget: standard\nverifiers: [ shop-api, directory ]\n\
                            identify: { id: $.id, logins: [ $.login ] }\naccount:\n  username: $.login\n\
                            credential: { on_error: reject, source: { from: $.system, do: [ { lookup: { in: { api: shop-api, ad: directory } } } ] } }\n";
    let fixture = Fixture::new();
    fixture.legacy(&json!({ "id": 1, "login": "ada", "system": "api" }));
    fixture.legacy(&json!({ "id": 2, "login": "bo", "system": "ad" }));
    let (api, directory, order) =
        (Scripted::new(Verdict::Match), Scripted::new(Verdict::Mismatch), Scripted::new(Verdict::Match));
    let all = verifiers(&[("shop-api", &api), ("directory", &directory), ("other", &order)], &["other"]);
    let migrator = migrator(&fixture, CHOOSING, all);
    assert_eq!(login(&migrator, "ada", "secret").await.outcome, Outcome::Migrated);
    assert_eq!(login(&migrator, "bo", "secret").await.outcome, Outcome::Refused(Refusal::WrongPassword));
    assert_eq!((api.asked(), directory.asked(), order.asked()), (1, 1, 0));
}

#[tokio::test]
async fn a_verifier_that_does_not_exist_verifies_nobody() {
    let unknown = Verifiers::new([], vec!["gone".to_owned()]).unwrap_err();
    assert_eq!(unknown, UnknownVerifier("gone".to_owned()));
    const NAMING: &str = "landfall: 1\nname: t\ntarget: standard\nverifiers: [ gone ]\n\
                          identify: { id: $.id, logins: [ $.login ] }\naccount:\n  username: $.login\n\
                          credential: { source: gone }\n";
    let fixture = Fixture::new();
    fixture.legacy(&customer_with("ada", &json!({ "id": 1, "login": "ada" })));
    let accepts = Scripted::new(Verdict::Match);
    let migrator = migrator(&fixture, NAMING, Verifiers::only(accepts.clone()));
    assert_eq!(login(&migrator, "ada", "secret").await.outcome, Outcome::Refused(Refusal::Unverifiable));
    assert_eq!(accepts.asked(), 0);
}
