//! Targets that find accounts by their external id alone: the ledger knows which logins were migrated.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use landfall::adapters::memory::{Fault, MemoryTarget};
use landfall::hashing::HashCalls;
use landfall::migrate::{Migrator, Outcome, Refusal};
use landfall::model::Password;
use landfall::ports::{
    AccountState, Authenticated, BoxFuture, Call, Capabilities, Clock as _, Created, Creation, Deleted, Deletion,
    EntryState, EventKind, ExternalId, Found, Identifier, Ledger as _, NewAccount, PasswordCheck, PortError,
    PortErrorKind, StoreId, StoredAccount, Support, Target, TargetId,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::fixture::{Fixture, Options, customer, customer_with, hasher, key, login};

/// A migrator whose target is a product behind an API, which verifies passwords in this way.
fn with_product(fixture: &Fixture, password: PasswordCheck) -> (Arc<Migrator>, Arc<MemoryTarget>) {
    with_policy(fixture, password, 0)
}

/// The same product, which refuses shorter passwords.
fn with_policy(fixture: &Fixture, password: PasswordCheck, shortest: usize) -> (Arc<Migrator>, Arc<MemoryTarget>) {
    let capabilities = Capabilities { unique_external_id: Support::Yes, ..Capabilities::remote(password) };
    let target = MemoryTarget::new("product", hasher()).with_capabilities(capabilities);
    let target = Arc::new(target.with_shortest_password(shortest));
    let migrator = fixture.migrator_with(Options::default(), |parts| parts.target = target.clone());
    (migrator, target)
}

/// A product that gives every account this id.
struct SameId(TargetId);

impl Target for SameId {
    fn name(&self) -> &'static str {
        "product"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { creation: Creation::OneCall, ..Capabilities::remote(PasswordCheck::Nothing) }
    }

    fn find<'a>(&'a self, _: Call<'a>, _: &'a Identifier) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        unsupported("find")
    }

    fn find_external<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<Option<Found>, PortError>> {
        unsupported("find_external")
    }

    fn authenticate<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
    ) -> BoxFuture<'a, Result<Authenticated, PortError>> {
        unsupported("authenticate")
    }

    fn create<'a>(&'a self, _: Call<'a>, _: NewAccount<'a>) -> BoxFuture<'a, Result<Created, PortError>> {
        Box::pin(async { Ok(Created::New(self.0.clone())) })
    }

    fn set_password<'a>(
        &'a self,
        _: Call<'a>,
        _: &'a TargetId,
        _: &'a Arc<Password>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Option<TargetId>, PortError>> {
        unsupported("set_password")
    }

    fn delete<'a>(&'a self, _: Call<'a>, _: &'a TargetId, _: Deletion) -> BoxFuture<'a, Result<Deleted, PortError>> {
        unsupported("delete")
    }

    fn reopen<'a>(&'a self, _: Call<'a>, _: &'a ExternalId) -> BoxFuture<'a, Result<(), PortError>> {
        unsupported("reopen")
    }

    fn ping(&self) -> BoxFuture<'_, Result<Option<StoreId>, PortError>> {
        Box::pin(async { Ok(None) })
    }

    fn read<'a>(&'a self, _: Call<'a>, _: &'a TargetId) -> BoxFuture<'a, Result<Option<StoredAccount>, PortError>> {
        unsupported("read")
    }

    fn list<'a>(
        &'a self,
        _: Call<'a>,
        _: Option<&'a TargetId>,
        _: usize,
    ) -> BoxFuture<'a, Result<Vec<StoredAccount>, PortError>> {
        unsupported("list")
    }
}

fn unsupported<T: Send + 'static>(operation: &'static str) -> BoxFuture<'static, Result<T, PortError>> {
    Box::pin(async move { Err(PortError::new(PortErrorKind::Unsupported, "product", operation)) })
}

#[tokio::test]
async fn a_first_login_needs_one_call_and_a_migrated_customer_none() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, target) = with_product(&fixture, PasswordCheck::Nothing);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    assert_eq!(target.faults().calls(), ["create"]);
    fixture.clock.advance(1);
    // Every login of the record, with the right password or a wrong one: the legacy password is worth nothing any more.
    for (identifier, password) in [("ada", "secret ada"), ("ADA@example.org", "secret ada"), ("ada", "wrong")] {
        let (answer, hashes) = fixture.hashes(login(&migrator, identifier, password)).await;
        assert_eq!(answer.outcome, Outcome::Refused(Refusal::AlreadyMigrated), "{identifier}");
        assert_eq!((answer.account, hashes), (None, HashCalls { legacy: 1, target: 0 }));
    }
    assert_eq!(target.faults().calls(), [""; 0]);
    let decision = fixture.ledger.decisions().pop().unwrap();
    assert_eq!((decision.reason.name(), decision.account.is_some()), ("already_migrated", true));
    // The target is not asked about customers who are unknown, or present a wrong password.
    fixture.legacy(&customer("bob"));
    for (identifier, refusal) in [("nobody", Refusal::Unknown), ("bob", Refusal::WrongPassword)] {
        assert_eq!(login(&migrator, identifier, "x").await.outcome, Outcome::Refused(refusal));
    }
    assert_eq!(target.faults().calls(), [""; 0]);
}

#[tokio::test]
async fn later_logins_are_verified_at_a_target_that_can() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, target) = with_product(&fixture, PasswordCheck::Api);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    assert_eq!(target.faults().calls(), ["create"]);
    let id = login(&migrator, "ada@example.org", "secret ada").await.account.unwrap();
    let set = migrator.set_password("r1", &id, Zeroizing::new(b"a new password".to_vec())).await;
    assert_eq!(set.unwrap(), Some(id.clone()));
    target.faults().calls();
    assert_eq!(login(&migrator, "ada", "a new password").await.outcome, Outcome::Authenticated);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(target.faults().calls(), ["authenticate", "authenticate"]);
    target.faults().stand(Fault::Fail(PortErrorKind::Unavailable));
    assert_eq!(login(&migrator, "ada", "a new password").await.outcome, Outcome::TargetUnavailable);
}

#[tokio::test]
async fn a_password_that_the_policy_refuses_locks_nobody_out() {
    for check in [PasswordCheck::Nothing, PasswordCheck::Api] {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let (migrator, _target) = with_policy(&fixture, check, 12);
        let mut account = None;
        for _ in 0..3 {
            let answer = login(&migrator, "ada", "secret ada").await;
            assert_eq!(answer.outcome, Outcome::MigratedWithoutPassword);
            assert_eq!(account.get_or_insert_with(|| answer.account.clone()), &answer.account, "the same account");
        }
        let events: Vec<EventKind> = fixture.events().await.into_iter().map(|event| event.kind).collect();
        assert_eq!(events, [EventKind::NeedsAction; 3], "nobody is migrated without a password");
        let decision = fixture.ledger.decisions().pop().unwrap();
        assert_eq!(
            (decision.outcome.name(), decision.reason.name()),
            ("migrated_must_change_password", "password_policy")
        );
        assert_eq!(
            login(&migrator, "ada", "wrong").await.outcome,
            Outcome::Refused(Refusal::WrongPassword),
            "the legacy password still counts"
        );
        let id = account.flatten().unwrap();
        let new = Zeroizing::new(b"long enough for the policy".to_vec());
        migrator.set_password("r1", &id, new).await.unwrap().unwrap();
        let wanted = match check {
            PasswordCheck::Api => Outcome::Refused(Refusal::WrongPasswordAtTarget),
            _ => Outcome::Refused(Refusal::AlreadyMigrated),
        };
        assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, wanted, "{check:?}");
    }
}

/// The answer of the creation is lost: the account exists, and recovery or the next login finds it by its external id.
#[tokio::test]
async fn a_lost_answer_is_found_again() {
    for (check, recovers) in [
        (PasswordCheck::Nothing, true),
        (PasswordCheck::Nothing, false),
        (PasswordCheck::Api, true),
        (PasswordCheck::Api, false),
    ] {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let (migrator, target) = with_product(&fixture, check);
        target.faults().push([Fault::Lose(PortErrorKind::Unavailable)]);
        assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::TargetUnavailable);
        assert_eq!(fixture.ledger.entry(&key("ada")).await.unwrap().unwrap().state, EntryState::Creating);
        fixture.clock.advance(5);
        if recovers {
            assert_eq!(migrator.recover().await.unwrap(), 1);
        }
        fixture.clock.advance(1);
        let wanted = match (check, recovers) {
            // The password lives at the target, which does not verify it.
            (PasswordCheck::Nothing, true) => Outcome::Refused(Refusal::AlreadyMigrated),
            _ => Outcome::Authenticated,
        };
        assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, wanted, "{check:?} {recovers}");
        let entry = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap();
        assert_eq!((entry.state, entry.found().unwrap().state), (EntryState::Done, AccountState::Active));
        assert_eq!(fixture.events().await.iter().filter(|event| event.kind == EventKind::Migrated).count(), 1);
    }
}

/// The account of another customer has a login: the ledger knows it, even if the target does not.
#[tokio::test]
async fn a_login_of_a_migrated_customer_is_a_conflict_for_another() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (_, target) = with_product(&fixture, PasswordCheck::Nothing);
    let unique = || Options { unique_logins: true, ..Options::default() };
    let migrator = fixture.migrator_with(unique(), |parts| parts.target = target.clone());
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
    fixture.legacy(&customer_with("eve", &json!({ "mail": "ada@example.org" })));
    target.faults().calls();
    assert_eq!(login(&migrator, "eve", "secret eve").await.outcome, Outcome::Conflict);
    assert_eq!(target.faults().calls(), [""; 0], "nothing is created");
    assert_eq!(fixture.ledger.entry(&key("eve")).await.unwrap(), None);
    let kinds: Vec<EventKind> = fixture.events().await.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Migrated, EventKind::Failed]);
}

/// A pending account may be given a password at the target. From then on the legacy password counts no more.
#[tokio::test]
async fn a_pending_account_that_got_a_password_at_the_target_is_migrated() {
    for (check, wanted) in
        [(PasswordCheck::Nothing, Refusal::AlreadyMigrated), (PasswordCheck::Api, Refusal::WrongPasswordAtTarget)]
    {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let (migrator, target) = with_product(&fixture, check);
        migrator.forgot_password("r1", "ada@example.org", None, None).await;
        let account = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap().account.unwrap();
        let own = Arc::new(Password::new(b"chosen at the target".to_vec()).unwrap());
        target.set_password(Call::outside_login("r1"), &account, &own, fixture.clock.now()).await.unwrap();
        for _ in 0..2 {
            fixture.clock.advance(1);
            assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Refused(wanted));
        }
        let entry = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap();
        assert_eq!(entry.found().unwrap().state, AccountState::Active);
    }
}

/// A product tells that a customer has got a password there: the ledger knows at once, and the legacy password is worth nothing.
#[tokio::test]
async fn a_password_that_was_set_at_the_product_ends_the_migration() {
    for (check, wanted) in
        [(PasswordCheck::Nothing, Refusal::AlreadyMigrated), (PasswordCheck::Api, Refusal::WrongPasswordAtTarget)]
    {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let (migrator, target) = with_product(&fixture, check);
        migrator.provision("r1", "ada@example.org", None, None).await;
        let account = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap().account.unwrap();
        let own = Arc::new(Password::new(b"chosen at the product".to_vec()).unwrap());
        target.set_password(Call::outside_login("r1"), &account, &own, fixture.clock.now()).await.unwrap();
        for _ in 0..2 {
            assert!(migrator.password_was_set("r2", &account).await.unwrap());
            let decision = fixture.ledger.decisions().pop().unwrap();
            assert_eq!((decision.operation.name(), decision.outcome.name()), ("password_set", "set"));
        }
        let entry = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap();
        assert_eq!(entry.found().unwrap().state, AccountState::Active);
        assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Refused(wanted));
        // an account that no migration made
        assert!(!migrator.password_was_set("r3", &TargetId("somebody".to_owned())).await.unwrap());
    }
}

#[tokio::test]
async fn many_first_logins_at_several_processes_create_one_account() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (one, target) = with_product(&fixture, PasswordCheck::Nothing);
    let other = fixture.migrator_with(Options::default(), |parts| parts.target = target.clone());
    let logins = (0..16).map(|at| login(if at % 2 == 0 { &one } else { &other }, "ada", "secret ada"));
    let outcomes: Vec<Outcome> = join_all(logins).await.into_iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Migrated).count(), 1, "{outcomes:?}");
    // Their password was verified while the account was created.
    let signed_in = Outcome::Authenticated;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == signed_in).count(), 15, "{outcomes:?}");
    fixture.clock.advance(1);
    let later = login(&other, "ada", "secret ada").await.outcome;
    assert_eq!(later, Outcome::Refused(Refusal::AlreadyMigrated));
    assert_eq!(target.faults().calls().iter().filter(|call| **call == "create").count(), 1);
}

#[tokio::test]
async fn a_deleted_customer_does_not_come_back() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, _target) = with_product(&fixture, PasswordCheck::Nothing);
    let id = login(&migrator, "ada", "secret ada").await.account.unwrap();
    assert_eq!(migrator.admin().delete("r1", &id).await.unwrap(), Some(id.clone()));
    assert_eq!(migrator.admin().delete("r1", &id).await.unwrap(), None);
    for identifier in ["ada", "ada@example.org"] {
        assert_eq!(login(&migrator, identifier, "secret ada").await.outcome, Outcome::Refused(Refusal::Deleted));
    }
    let subject = fixture.keyring.subject("ada");
    assert!(migrator.admin().restore("r1", &subject).await.unwrap().is_some());
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
}

/// An account that was removed at the target without Landfall: the customer is refused, and the target is not asked again
/// and again.
#[tokio::test]
async fn an_account_that_is_gone_is_missing() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, target) = with_product(&fixture, PasswordCheck::Api);
    let id = login(&migrator, "ada", "secret ada").await.account.unwrap();
    target.delete(Call::outside_login("r1"), &id, Deletion::ForGood).await.unwrap();
    target.faults().calls();
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Refused(Refusal::Missing));
    assert_eq!(target.faults().calls(), ["authenticate"]);
}

/// A deletion that the target did not take is repeated by the same command.
#[tokio::test]
async fn an_interrupted_deletion_is_repeated() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, target) = with_product(&fixture, PasswordCheck::Nothing);
    let id = login(&migrator, "ada", "secret ada").await.account.unwrap();
    target.faults().push([Fault::Fail(PortErrorKind::Unavailable)]);
    assert!(migrator.admin().delete("r1", &id).await.is_err());
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Refused(Refusal::Deleted));
    assert_eq!(migrator.set_password("r1", &id, Zeroizing::new(b"another one".to_vec())).await.unwrap(), None);
    assert_eq!(migrator.admin().delete("r1", &id).await.unwrap(), Some(id.clone()));
    assert_eq!(migrator.admin().delete("r1", &id).await.unwrap(), None);
}

/// A customer with a pending account who has chosen a password at the target signs in with it.
#[tokio::test]
async fn a_password_chosen_at_the_target_signs_in_to_a_pending_account() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let (migrator, target) = with_product(&fixture, PasswordCheck::Api);
    migrator.forgot_password("r1", "ada@example.org", None, None).await;
    let account = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap().account.unwrap();
    let own = Arc::new(Password::new(b"chosen at the target".to_vec()).unwrap());
    target.set_password(Call::outside_login("r1"), &account, &own, fixture.clock.now()).await.unwrap();
    assert_eq!(login(&migrator, "ada", "chosen at the target").await.outcome, Outcome::Authenticated);
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Refused(Refusal::WrongPasswordAtTarget));
}

/// A target that answers two creations with the same id: the second customer must not get the account of the first.
#[tokio::test]
async fn one_account_belongs_to_one_customer() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.legacy(&customer("bob"));
    let (migrator, _target) = with_product(&fixture, PasswordCheck::Nothing);
    let id = login(&migrator, "ada", "secret ada").await.account.unwrap();
    let fixed = fixture.migrator_with(Options::default(), |parts| parts.target = Arc::new(SameId(id.clone())));
    assert_eq!(login(&fixed, "bob", "secret bob").await.outcome, Outcome::Conflict);
    assert_eq!(fixture.ledger.owner(&id).await.unwrap().unwrap().entry.key, key("ada"));
}
