//! Verifiers and targets that do their work elsewhere, or can do less than an account store.

use std::sync::Arc;

use landfall::adapters::memory::{Fault, MemoryTarget};
use landfall::hashing::HashCalls;
use landfall::migrate::{Migrator, Outcome, Refusal, Verifiers};
use landfall::password::Verdict;
use landfall::ports::{
    BoxFuture, Call, Capabilities, Creation, EntryState, Ledger as _, PasswordCheck, PortError, PortErrorKind,
    Presented, Support, Verification, Verifier, Work,
};
use serde_json::json;

use super::fixture::{Fixture, Options, customer, customer_with, hasher, key, login};

/// Another system that accepts only this password.
struct Remote(&'static [u8]);

impl Verifier for Remote {
    fn name(&self) -> &'static str {
        "remote"
    }

    fn verify<'a>(&'a self, _: Call<'a>, presented: Presented<'a>) -> BoxFuture<'a, Result<Verification, PortError>> {
        let verdict = if presented.password.expose() == self.0 { Verdict::Match } else { Verdict::Mismatch };
        Box::pin(async { Ok(Verification { verdict, work: Work::Remote }) })
    }
}

/// A verifier of another system computes no hash here, so a refusal after it computes the decoy.
#[tokio::test]
async fn refusals_after_a_remote_verification_cost_the_same_hashes() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.legacy(&customer_with("luke", &json!({ "state": "locked" })));
    let migrator = fixture.migrator_with(Options::default(), |parts| {
        parts.legacy.verifiers = Verifiers::only(Arc::new(Remote(b"secret")))
    });
    for (identifier, password, expected) in [
        ("nobody", "secret", Refusal::Unknown),
        ("ada", "wrong", Refusal::WrongPassword),
        ("luke", "secret", Refusal::Locked),
    ] {
        let (answer, hashes) = fixture.hashes(login(&migrator, identifier, password)).await;
        assert_eq!(answer.outcome, Outcome::Refused(expected), "{identifier}");
        assert_eq!(hashes, HashCalls { legacy: 1, target: 1 }, "{identifier}");
    }
    let (answer, hashes) = fixture.hashes(login(&migrator, "ada", "secret")).await;
    assert_eq!((answer.outcome, hashes), (Outcome::Migrated, HashCalls { legacy: 0, target: 1 }));
}

/// A migrator whose target is a system behind an API.
fn with_remote_target(fixture: &Fixture) -> (Arc<Migrator>, Arc<MemoryTarget>) {
    let capabilities = Capabilities {
        password: PasswordCheck::Api,
        listing: Support::No,
        undo: Support::No,
        creation: Creation::Steps,
        ..Capabilities::DATABASE
    };
    let target = Arc::new(MemoryTarget::new("remote", hasher()).with_capabilities(capabilities));
    let migrator = fixture.migrator_with(Options::default(), |parts| parts.target = target.clone());
    (migrator, target)
}

#[tokio::test]
async fn a_target_that_never_hashes_here_needs_no_decoy() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, _target) = with_remote_target(&fixture);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    for (identifier, expected) in [("nobody", Refusal::Unknown), ("ada", Refusal::WrongPasswordAtTarget)] {
        let (answer, hashes) = fixture.hashes(login(&migrator, identifier, "wrong")).await;
        assert_eq!(answer.outcome, Outcome::Refused(expected));
        assert_eq!(hashes, HashCalls { legacy: 1, target: 0 }, "{identifier}");
    }
}

/// A creation in steps that fails may have written a part, so the claim is left to recovery; a creation in one call that
/// was turned away wrote nothing, and the customer may try again at once.
#[tokio::test]
async fn a_creation_in_steps_that_is_turned_away_is_left_to_recovery() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.legacy(&customer("bob"));
    let (migrator, target) = with_remote_target(&fixture);
    target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::RateLimited)]);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Overloaded);
    assert_eq!(fixture.ledger.entry(&key("ada")).await.unwrap().unwrap().state, EntryState::Creating);

    fixture.target.faults().push([Fault::Pass, Fault::Fail(PortErrorKind::RateLimited)]);
    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Overloaded);
    assert_eq!(fixture.ledger.entry(&key("bob")).await.unwrap().unwrap().state, EntryState::Abandoned);
}

/// Undo is refused before the customer is locked.
#[tokio::test]
async fn a_target_that_cannot_undo_locks_nobody() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, _target) = with_remote_target(&fixture);
    let id = login(&migrator, "ada", "secret ada").await.account.unwrap();
    let undone = migrator.admin().undo("r2", &key("ada"), &id).await;
    assert_eq!(undone.unwrap_err().kind(), PortErrorKind::Unsupported);
    assert_eq!(fixture.ledger.entry(&key("ada")).await.unwrap().unwrap().state, EntryState::Done);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Authenticated);
}
