//! Accounts for customers who have not come yet, and their first logins afterwards.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use landfall::adapters::memory::{Fault, MemoryTarget};
use landfall::migrate::{
    Bulk, BulkAccount, BulkEvents, BulkMode, BulkOutcome, BulkSettings, KnownCustomer, Migrator, Outcome, Refusal,
    SharedLogins,
};
use landfall::ports::{
    AccountState, Call, Capabilities, Creation, EntryState, EventKind, HookAnswer, HookError, HookInput, HookPoint,
    Hooks, Ledger as _, Operation, PasswordCheck, PortErrorKind, Support, Target,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::fixture::{Fixture, Options, customer, customer_with, hasher, key, login};

fn bulk(migrator: &Arc<Migrator>) -> Bulk {
    with(migrator, |_| {})
}

fn with(migrator: &Arc<Migrator>, change: impl FnOnce(&mut BulkSettings)) -> Bulk {
    let mut settings = BulkSettings::new("shop");
    change(&mut settings);
    Bulk::new(Arc::clone(migrator), settings).expect("the source")
}

async fn run(bulk: &Bulk, record: &Value) -> BulkAccount {
    let mut accounts = bulk.record(record.to_string(), &[]).await.expect("no outage");
    assert_eq!(accounts.len(), 1);
    accounts.remove(0)
}

async fn outcome(bulk: &Bulk, record: &Value) -> &'static str {
    run(bulk, record).await.outcome.name()
}

/// A product behind an API that verifies passwords in this way.
fn product(password: PasswordCheck) -> MemoryTarget {
    MemoryTarget::new("product", hasher()).with_capabilities(Capabilities {
        unique_external_id: Support::Yes,
        creation: Creation::OneCall,
        ..Capabilities::remote(password)
    })
}

fn migrator(fixture: &Fixture, target: &Arc<MemoryTarget>) -> Arc<Migrator> {
    fixture.migrator_with(Options::default(), |parts| parts.target = target.clone())
}

fn state(account: &BulkAccount) -> Option<AccountState> {
    match &account.outcome {
        BulkOutcome::Created { state, .. } => Some(*state),
        _ => None,
    }
}

#[tokio::test]
async fn a_pending_account_is_completed_by_the_first_login() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let bulk = bulk(&fixture.migrator);
    let created = run(&bulk, &customer("ada")).await;
    assert_eq!(state(&created), Some(AccountState::Pending));
    assert_eq!(created.id.as_deref(), Some("id-ada"));
    let entry = fixture.ledger.entry(&key("ada")).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.verified_at), (EntryState::Done, None));
    let decision = fixture.ledger.decisions().pop().unwrap();
    assert_eq!((decision.operation, decision.outcome.name()), (Operation::Bulk, "created"));
    assert_eq!((decision.reason.name(), decision.source.as_deref()), ("made_pending", Some("shop")));
    let account = fixture.account(&entry.account.unwrap()).await;
    assert_eq!(account["email"], json!({ "value": "ada@example.org", "verified": true }), "what the rules make");

    assert_eq!(outcome(&bulk, &customer("ada")).await, "pending", "a second run leaves it alone");
    assert_eq!(fixture.outcome("ada", "wrong").await, Outcome::Refused(Refusal::WrongPassword));
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Migrated);
    assert_eq!(fixture.outcome("ada@example.org", "secret ada").await, Outcome::Authenticated);
    assert_eq!(outcome(&bulk, &customer("ada")).await, "migrated");
    assert_eq!(fixture.accounts().await.len(), 1);
}

#[tokio::test]
async fn a_target_that_takes_the_stored_hash_signs_its_customers_in() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let target = Arc::new(MemoryTarget::new("accounts", fixture.hasher.clone()).taking_hashes(&["md5"]));
    let migrator = migrator(&fixture, &target);
    let bulk = bulk(&migrator);
    assert_eq!(state(&run(&bulk, &customer("ada")).await), Some(AccountState::Active));
    assert_eq!(outcome(&bulk, &customer("ada")).await, "migrated");
    assert_eq!(login(&migrator, "ada", "wrong").await.outcome, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Authenticated);
    // a hash that it does not take
    let bob =
        customer_with("bob", &json!({ "password": "$2y$04$abcdefghijklmnopqrstuuhTJYHxnDGGwjkGZ2lbLnzJhbOzAfjnC" }));
    fixture.legacy(&bob);
    assert_eq!(state(&run(&bulk, &bob).await), Some(AccountState::Pending));
}

/// A target that verifies by its own API, and one that verifies nothing: the pending account is completed by the first login.
#[tokio::test]
async fn products_complete_a_pending_account_at_the_first_login() {
    for check in [PasswordCheck::Api, PasswordCheck::Nothing] {
        let fixture = Fixture::new();
        fixture.legacy(&customer("ada"));
        let target = Arc::new(product(check));
        let migrator = migrator(&fixture, &target);
        assert_eq!(state(&run(&bulk(&migrator), &customer("ada")).await), Some(AccountState::Pending));
        assert_eq!(target.faults().calls(), ["create"], "one call");
        assert_eq!(login(&migrator, "ada", "wrong").await.outcome, Outcome::Refused(Refusal::WrongPassword));
        assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Migrated);
        fixture.clock.advance(1);
        let later = login(&migrator, "ada", "secret ada").await.outcome;
        let wanted = match check {
            PasswordCheck::Api => Outcome::Authenticated,
            _ => Outcome::Refused(Refusal::AlreadyMigrated),
        };
        assert_eq!(later, wanted);
        assert_eq!(outcome(&bulk(&migrator), &customer("ada")).await, "migrated");
    }
}

/// With the stored hash the account is complete: the target alone decides from then on.
#[tokio::test]
async fn a_product_that_takes_the_stored_hash_verifies_it_from_then_on() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let target = Arc::new(product(PasswordCheck::Api).taking_hashes(&["md5"]));
    let migrator = migrator(&fixture, &target);
    assert_eq!(state(&run(&bulk(&migrator), &customer("ada")).await), Some(AccountState::Active));
    target.faults().calls();
    assert_eq!(login(&migrator, "ada", "secret ada").await.outcome, Outcome::Authenticated);
    assert_eq!(login(&migrator, "ada", "wrong").await.outcome, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(target.faults().calls(), ["authenticate", "authenticate"]);
}

#[tokio::test]
async fn nobody_is_created_whom_the_rules_deny_or_the_legacy_system_disabled() {
    let fixture = Fixture::new();
    let denied = customer_with("bob", &json!({ "blocked": true }));
    let disabled = customer_with("eve", &json!({ "state": "disabled" }));
    let locked = customer_with("luke", &json!({ "state": "locked" }));
    let invalid = customer_with("zoe", &json!({ "mail": "no mail address" }));
    let nameless = json!({ "id": "7", "mail": null, "login": null, "password": null });
    for record in [&denied, &disabled, &locked] {
        fixture.legacy(record);
    }
    fixture.source.insert(&["zoe"], invalid.to_string()).unwrap();
    for mode in [BulkMode::Rehearse, BulkMode::Create] {
        let bulk = with(&fixture.migrator, |settings| settings.mode = mode);
        assert_eq!(run(&bulk, &denied).await.outcome, BulkOutcome::Denied("blocked".to_owned()));
        assert_eq!(run(&bulk, &disabled).await.outcome, BulkOutcome::Refused(Refusal::Disabled));
        assert_eq!(run(&bulk, &locked).await.outcome, BulkOutcome::Refused(Refusal::Locked));
        let invalid = run(&bulk, &invalid).await;
        let reason = &invalid.reasons[0];
        assert_eq!(
            (invalid.outcome.name(), reason.rule.as_str(), reason.step.as_str()),
            ("invalid", "email.value", "email")
        );
        assert_eq!(invalid.id.as_deref(), Some("id-zoe"));
        assert_eq!(outcome(&bulk, &nameless).await, "invalid");
        let broken = bulk.record("{\"id\": 1".to_owned(), &[]).await.unwrap();
        assert_eq!((broken[0].outcome.name(), broken[0].reasons[0].rule.as_str()), ("invalid", "record"));
    }
    assert_eq!((fixture.accounts().await.len(), fixture.ledger.decisions().len()), (0, 0));
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let fixture = Fixture::new();
    for name in ["ada", "bob", "cleo"] {
        fixture.legacy(&customer(name));
    }
    let rehearsal = with(&fixture.migrator, |settings| settings.mode = BulkMode::Rehearse);
    let planned = run(&rehearsal, &customer("ada")).await;
    assert_eq!(planned.outcome, BulkOutcome::Created { account: None, state: AccountState::Pending });
    assert!(fixture.ledger.entry(&key("ada")).await.unwrap().is_none() && fixture.accounts().await.is_empty());

    assert_eq!(fixture.outcome("bob", "secret bob").await, Outcome::Migrated);
    assert_eq!(outcome(&rehearsal, &customer("bob")).await, "migrated");
    let id = fixture.outcome("cleo", "secret cleo").await;
    assert_eq!(id, Outcome::Migrated);
    let account = fixture.login("cleo", "secret cleo").await.account.unwrap();
    fixture.migrator.admin().delete("r2", &account).await.unwrap();
    assert_eq!(outcome(&rehearsal, &customer("cleo")).await, "deleted");
    // the login of a customer who is migrated, under another legacy id
    let thief = customer_with("bob", &json!({ "id": "id-thief" }));
    let unique = fixture.migrator_with(Options { unique_logins: true, ..Options::default() }, |_| {});
    for mode in [BulkMode::Rehearse, BulkMode::Create] {
        let thief = run(&with(&unique, |settings| settings.mode = mode), &thief).await;
        assert_eq!((thief.outcome.name(), thief.reasons[0].step.as_str()), ("conflict", "logins"));
    }
}

#[tokio::test]
async fn customers_who_were_deleted_never_come_back() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    let bulk = bulk(&fixture.migrator);
    assert_eq!(outcome(&bulk, &customer("ada")).await, "created");
    let id = fixture.accounts().await[0].id.clone();
    fixture.migrator.admin().delete("r2", &id).await.unwrap();
    assert_eq!(run(&bulk, &customer("ada")).await.outcome, BulkOutcome::Known(KnownCustomer::Deleted));
    assert!(fixture.accounts().await.is_empty());
}

/// A login of two customers belongs to neither account; one who is left without a login is a conflict.
#[tokio::test]
async fn a_login_of_several_customers_belongs_to_nobody() {
    struct Shared(Vec<String>);
    impl SharedLogins for Shared {
        fn is_shared(&self, subject: &str) -> bool {
            self.0.iter().any(|shared| shared == subject)
        }
    }
    let ada = customer_with("ada", &json!({ "mail": "both@example.org" }));
    let bob = customer_with("bob", &json!({ "mail": "both@example.org" }));
    let cleo = json!({ "id": "id-cleo", "login": "both@example.org", "mail": "both@example.org", "password": "x" });
    for by_source in [true, false] {
        let fixture = Fixture::new();
        for record in [&ada, &bob, &cleo] {
            fixture.legacy(record);
        }
        let shared = Shared(vec![fixture.keyring.subject("both@example.org")]);
        let shared: Option<Arc<dyn SharedLogins>> = if by_source { None } else { Some(Arc::new(shared)) };
        let bulk = with(&fixture.migrator, |settings| settings.shared = shared);
        assert_eq!((outcome(&bulk, &ada).await, outcome(&bulk, &bob).await), ("created", "created"));
        let mut logins: Vec<String> = fixture.accounts().await.into_iter().flat_map(|account| account.logins).collect();
        logins.sort();
        assert_eq!(logins, ["ada", "bob"]);
        assert!(fixture.ledger.decisions().iter().all(|decision| decision.reason.name() == "login_left_out"));
        let cleo = run(&bulk, &cleo).await;
        assert_eq!((cleo.outcome.name(), cleo.reasons.len()), ("conflict", 1));
    }
}

/// A login and a bulk creation of the same customer, again and again: one account, and the customer is signed in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_meanwhile_wins() {
    let fixture = Fixture::new();
    let names: Vec<String> = (0..200).map(|number| format!("c{number}")).collect();
    names.iter().for_each(|name| fixture.legacy(&customer(name)));
    let bulk = bulk(&fixture.migrator);
    let ended = join_all(names.iter().map(async |name| {
        let password = format!("secret {name}");
        let (record, other) = (customer(name), customer(name));
        tokio::join!(fixture.outcome(name, &password), outcome(&bulk, &record), outcome(&bulk, &other))
    }));
    for (name, (login, one, other)) in names.iter().zip(ended.await) {
        assert_eq!(login, Outcome::Migrated, "{name}");
        assert!(["created", "pending", "migrated"].contains(&one), "{one}");
        assert!(one != "created" || other != "created", "{name} was created twice");
    }
    assert_eq!(fixture.accounts().await.len(), names.len());
    for name in &names {
        assert_eq!(fixture.outcome(name, &format!("secret {name}")).await, Outcome::Authenticated);
    }
}

/// A target that asks for a pause is waited for; an outage is waited for; an account that it cannot take is a failed record.
#[tokio::test(start_paused = true)]
async fn the_run_waits_for_the_target() {
    let fixture = Fixture::new();
    for name in ["ada", "bob", "cleo"] {
        fixture.legacy(&customer(name));
    }
    let bulk = with(&fixture.migrator, |settings| settings.patience = Duration::from_secs(60));
    fixture.target.faults().push([Fault::Fail(PortErrorKind::RateLimited); 5]);
    assert_eq!(outcome(&bulk, &customer("ada")).await, "created");

    // The account is created and the answer lost: nothing is known until the claim has expired.
    fixture.target.faults().push([Fault::Lose(PortErrorKind::Unavailable), Fault::Fail(PortErrorKind::Unavailable)]);
    let record = customer("bob");
    let time_passes = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            fixture.clock.advance(1);
        }
    };
    let bob = tokio::select! {
        bob = run(&bulk, &record) => bob,
        () = time_passes => unreachable!("it never ends"),
    };
    assert!(matches!(bob.outcome, BulkOutcome::Created { state: AccountState::Pending, .. }), "{bob:?}");

    fixture.target.faults().push([Fault::Fail(PortErrorKind::BadResponse)]);
    let cleo = run(&bulk, &customer("cleo")).await;
    assert_eq!((cleo.outcome, cleo.reasons[0].step.as_str()), (BulkOutcome::Failed, "create"));
    assert_eq!(fixture.accounts().await.len(), 2);

    fixture.target.faults().stand(Fault::Fail(PortErrorKind::Denied));
    fixture.legacy(&customer("dora"));
    let stopped = bulk.record(customer("dora").to_string(), &[]).await;
    assert_eq!(stopped.unwrap_err().kind(), PortErrorKind::Denied);
}

/// A process that was killed between creation and finish: the next run takes over when the claim has expired.
#[tokio::test]
async fn an_interrupted_creation_is_finished_by_recovery_or_the_next_run() {
    for recovers in [true, false] {
        for target in [product(PasswordCheck::Api), product(PasswordCheck::Api).taking_hashes(&["md5"])] {
            let fixture = Fixture::new();
            fixture.legacy(&customer("ada"));
            let target = Arc::new(target);
            let migrator = migrator(&fixture, &target);
            target.faults().push([Fault::Delay(Duration::from_secs(60))]);
            let bulk_of_killed = bulk(&migrator);
            let killed = bulk_of_killed.record(customer("ada").to_string(), &[]);
            assert!(tokio::time::timeout(Duration::from_millis(50), killed).await.is_err());
            target.faults().push([Fault::Lose(PortErrorKind::Unavailable)]);
            fixture.clock.advance(10);
            let lost = bulk(&migrator);
            let lost = lost.record(customer("ada").to_string(), &[]);
            assert!(tokio::time::timeout(Duration::from_millis(50), lost).await.is_err(), "waits for its own claim");
            fixture.clock.advance(10);
            if recovers {
                assert_eq!(migrator.recover().await.unwrap(), 1);
                assert_eq!(outcome(&bulk(&migrator), &customer("ada")).await, "pending");
            } else {
                assert_eq!(state(&run(&bulk(&migrator), &customer("ada")).await), Some(AccountState::Pending));
            }
            assert!(target.list(Call::outside_login("r1"), None, 10).await.is_err());
            assert!(login(&migrator, "ada", "secret ada").await.outcome.is_success());
        }
    }
}

#[tokio::test]
async fn events_are_kept_only_if_asked_for() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    fixture.legacy(&customer("bob"));
    let target = Arc::new(MemoryTarget::new("accounts", fixture.hasher.clone()).taking_hashes(&["md5"]));
    let taking = migrator(&fixture, &target);
    assert_eq!(outcome(&bulk(&taking), &customer("ada")).await, "created");
    assert!(fixture.events().await.is_empty());
    let on = |settings: &mut BulkSettings| settings.events = BulkEvents::On;
    assert_eq!(outcome(&with(&taking, on), &customer("bob")).await, "created");
    fixture.legacy(&customer("cleo"));
    assert_eq!(outcome(&with(&fixture.migrator, on), &customer("cleo")).await, "created");
    let events: Vec<(EventKind, String)> =
        fixture.events().await.into_iter().map(|event| (event.kind, event.reason)).collect();
    let wanted = [(EventKind::Migrated, "created"), (EventKind::NeedsAction, "made_pending")];
    assert_eq!(events, wanted.map(|(kind, reason)| (kind, reason.to_owned())));
}

/// The hooks of a login decide on these customers, too.
#[derive(Default)]
struct Denying(Mutex<Vec<HookPoint>>);

impl Hooks for Denying {
    fn has(&self, _: HookPoint) -> bool {
        true
    }

    fn run(&self, point: HookPoint, input: HookInput<'_>) -> Result<HookAnswer, HookError> {
        self.0.lock().unwrap().push(point);
        let mut answer = HookAnswer::default();
        match (point, input.identifier) {
            (HookPoint::AfterFetch, "bob") | (HookPoint::BeforeCreate, "cleo") => answer.deny = Some("spam".to_owned()),
            (HookPoint::AfterFetch, _) => drop(answer.facts.insert("tags".to_owned(), json!(["vip"]))),
            (HookPoint::BeforeCreate, _) => answer.tags.push("bulk".to_owned()),
            _ => {}
        }
        Ok(answer)
    }
}

#[tokio::test]
async fn hooks_run_as_in_a_login() {
    let hooks = Arc::new(Denying::default());
    let fixture = Fixture::with(Options { hooks: hooks.clone(), ..Options::default() });
    for name in ["ada", "bob", "cleo"] {
        fixture.legacy(&customer(name));
    }
    let bulk = bulk(&fixture.migrator);
    assert_eq!(outcome(&bulk, &customer("ada")).await, "created");
    let points = [HookPoint::BeforeFetch, HookPoint::AfterFetch, HookPoint::BeforeCreate, HookPoint::AfterCreate];
    assert_eq!(*hooks.0.lock().unwrap(), points);
    for name in ["bob", "cleo"] {
        assert_eq!(run(&bulk, &customer(name)).await.outcome, BulkOutcome::Denied("spam".to_owned()), "{name}");
    }
    let account = &fixture.accounts().await[0];
    assert_eq!(serde_json::from_str::<Value>(&account.claims).unwrap()["tags"], json!(["vip"]));
}

/// "Forgot password" completes an account, too.
#[tokio::test]
async fn a_pending_account_can_be_given_a_password() {
    let fixture = Fixture::new();
    fixture.legacy(&customer("ada"));
    assert_eq!(outcome(&bulk(&fixture.migrator), &customer("ada")).await, "created");
    let id = fixture.accounts().await[0].id.clone();
    let new = Zeroizing::new(b"chosen by ada".to_vec());
    fixture.migrator.set_password("r1", &id, new).await.unwrap().unwrap();
    assert_eq!(fixture.outcome("ada", "chosen by ada").await, Outcome::Authenticated);
    assert_eq!(fixture.outcome("ada", "secret ada").await, Outcome::Refused(Refusal::WrongPasswordAtTarget));
    assert_eq!(outcome(&bulk(&fixture.migrator), &customer("ada")).await, "migrated");
}
