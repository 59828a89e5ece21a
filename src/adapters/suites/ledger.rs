//! The behaviour of every ledger. Each case runs against the file, in memory, and against a PostgreSQL server.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::attempts::{counter, fail, reserve};
use super::outbox::{WithOutbox, waiting};
use crate::adapters::sqlite::SqliteLedger;
use crate::ports::{
    Abandon, AccountLookup, AccountState, Attempt, Claim, ClaimAnswer, Counter, Decision, DecisionOutcome,
    DecisionReason, Entry, EntryState, Event, EventKind, Finish, Finished, Grant, Keyring, Ledger, Left, LegacyKey,
    Operation, PortErrorKind, Reports as _, Reserved, Restore, StoreId, TargetId, Undo, UndoAnswer, UndoEnd,
};

macro_rules! every_ledger {
    ($($case:ident)*) => {
        pub(in crate::adapters) mod in_a_file {
            $(#[tokio::test]
            pub(in crate::adapters) async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::open(&folder).await).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&crate::adapters::memory::MemoryLedger::new()).await;
            })*
        }
        #[cfg(feature = "postgres")]
        pub(in crate::adapters) mod in_postgres {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL; run tests/run"]
            pub(in crate::adapters) async fn $case() {
                super::$case(&crate::adapters::suites::postgres::ledger().await).await;
            })*
        }
    };
}

pub(in crate::adapters) use every_ledger;

every_ledger! {
    a_claim_is_held_until_its_lease_expires
    one_of_many_claims_is_granted
    only_the_holder_of_the_token_finishes
    an_abandoned_claim_can_be_claimed_again
    the_same_id_in_another_source_is_another_customer
    buried_customers_stay_buried
    undone_customers_can_migrate_again
    a_verified_claim_takes_over_a_pending_account
    an_abandoned_claim_keeps_the_pending_account
    an_account_that_stays_pending_is_unverified
    a_pending_account_is_activated_by_a_sign_in_or_a_password
    a_sign_in_completes_an_abandoned_entry
    an_undo_locks_its_customer_until_its_lease_expires
    an_undo_that_keeps_the_account_changes_nothing
    burying_leaves_a_creation_to_recovery
    restoring_removes_tombstones_and_records_a_decision
    leases_from_a_jumped_clock_count_as_expired
    a_ledger_is_bound_to_one_store
    expired_claims_are_unfinished
    a_kept_login_leads_to_the_customer_once_the_migration_is_complete
    a_kept_login_belongs_to_one_customer
    kept_logins_are_forgotten_with_their_account
    an_account_leads_to_its_customer
}

pub(in crate::adapters) fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::new(&[7; 32]).unwrap())
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().join("ledger.db").to_str().unwrap().to_owned()
}

pub(in crate::adapters) async fn open(folder: &tempfile::TempDir) -> SqliteLedger {
    SqliteLedger::open(&path(folder), keyring()).await.unwrap()
}

/// The given number of seconds after the start.
pub(in crate::adapters) fn at(seconds: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn key(id: &str) -> LegacyKey {
    LegacyKey { source: "shop".into(), id: id.into() }
}

fn claim(id: &str, seconds: i64) -> Claim {
    Claim {
        key: key(id),
        logins: vec![format!("login of {id}")],
        lookup: AccountLookup::Login,
        external_id: keyring().external_id(&key(id)),
        rules: "r1".into(),
        claimed_at: at(seconds - 2),
        verified_at: Some(at(seconds - 1)),
        creating_at: at(seconds),
        lease: Duration::from_secs(10),
    }
}

async fn granted(ledger: &dyn Ledger, claim: &Claim) -> u64 {
    match ledger.claim(claim).await.unwrap() {
        ClaimAnswer::Granted(grant) => grant.token,
        other => panic!("{other:?}"),
    }
}

/// The outcome with this name.
fn named(name: &str) -> DecisionOutcome {
    use DecisionOutcome::{
        Accepted, Authenticated, Conflict, DeniedByRule, LegacyUnavailable, Migrated, Refused, Restored, Set, Undone,
        Unknown,
    };
    let outcomes = [
        Accepted,
        Authenticated,
        Conflict,
        DeniedByRule,
        LegacyUnavailable,
        Migrated,
        Refused,
        Restored,
        Set,
        Undone,
        Unknown,
    ];
    outcomes.into_iter().find(|outcome| outcome.name() == name).expect("an outcome with this name")
}

pub(in crate::adapters) fn decision(outcome: &str, seconds: i64) -> Decision {
    Decision {
        at: at(seconds),
        request_id: format!("request {seconds}"),
        operation: Operation::Login,
        outcome: named(outcome),
        reason: DecisionReason::None,
        subject: "subject".into(),
        customer: None,
        account: None,
        source: Some("shop".into()),
        rules: Some("r1".into()),
        micros: 1500,
        count: 1,
        settled: Vec::new(),
    }
}

pub(super) fn event(kind: EventKind, seconds: i64) -> Event {
    let (reason, request_id) = (kind.name().into(), "request".into());
    Event {
        at: at(seconds),
        kind,
        reason,
        account: Some(TargetId("a1".into())),
        request_id,
        tags: vec!["vip".into()],
        customer: None,
    }
}

fn finish(id: &str, token: u64, seconds: i64) -> Finish {
    Finish {
        key: key(id),
        token,
        account: TargetId(format!("account of {id}")),
        state: AccountState::Active,
        created_at: at(seconds - 1),
        tags: vec!["vip".into()],
        decision: decision("migrated", seconds),
        events: vec![event(EventKind::Migrated, seconds)],
    }
}

async fn a_claim_is_held_until_its_lease_expires(ledger: &dyn Ledger) {
    let first = granted(ledger, &claim("1", 0)).await;
    assert_eq!(ledger.claim(&claim("1", 9)).await.unwrap(), ClaimAnswer::Held);
    let entry = ledger.entry(&key("1")).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.account, entry.token), (EntryState::Creating, None, first));
    assert_eq!((entry.claimed_at, entry.verified_at, entry.creating_at), (at(-2), Some(at(-1)), at(0)));
    let second = granted(ledger, &claim("1", 10)).await;
    assert!(second > first);
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().token, second);
    assert_eq!(ledger.entry(&key("2")).await.unwrap(), None);
}

async fn one_of_many_claims_is_granted(ledger: &dyn Ledger) {
    let one = claim("1", 0);
    let answers = join_all((0..32).map(|_| ledger.claim(&one))).await;
    let granted = answers.iter().filter(|answer| matches!(answer, Ok(ClaimAnswer::Granted(_)))).count();
    let held = answers.iter().filter(|answer| matches!(answer, Ok(ClaimAnswer::Held))).count();
    assert_eq!((granted, held), (1, 31));
}

async fn only_the_holder_of_the_token_finishes(ledger: &dyn WithOutbox) {
    let outdated = granted(ledger, &claim("1", 0)).await;
    let token = granted(ledger, &claim("1", 20)).await;
    for wrong in [outdated, 0, u64::MAX] {
        assert_eq!(ledger.finish(&finish("1", wrong, 21)).await.unwrap(), Finished::Lost);
    }
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Creating);
    assert_eq!(waiting(ledger).await, 0, "nothing was written");
    // The lease has expired, but nobody took over.
    assert_eq!(ledger.finish(&finish("1", token, 99)).await.unwrap(), Finished::Done);
    assert_eq!(waiting(ledger).await, 1);
    let entry = ledger.entry(&key("1")).await.unwrap().unwrap();
    let account = Some(TargetId("account of 1".into()));
    assert_eq!((entry.state, &entry.account), (EntryState::Done, &account));
    assert_eq!((entry.created_at, entry.done_at), (Some(at(98)), Some(at(99))));
    assert_eq!(ledger.finish(&finish("1", token, 99)).await.unwrap(), Finished::Lost, "a claim finishes only once");
    assert_eq!(Some(ledger.claim(&claim("1", 200)).await.unwrap()), account.map(ClaimAnswer::Done));
}

async fn an_abandoned_claim_can_be_claimed_again(ledger: &dyn Ledger) {
    let first = granted(ledger, &claim("1", 0)).await;
    abandon(ledger, "1", first + 1, Left::AsBefore).await;
    assert_eq!(ledger.claim(&claim("1", 1)).await.unwrap(), ClaimAnswer::Held, "the token was wrong");
    abandon(ledger, "1", first, Left::AsBefore).await;
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Abandoned);
    assert_eq!(ledger.finish(&finish("1", first, 1)).await.unwrap(), Finished::Lost);
    let second = granted(ledger, &claim("1", 1)).await;
    assert!(second > first);
    assert_eq!(ledger.finish(&finish("1", second, 2)).await.unwrap(), Finished::Done);
    abandon(ledger, "1", second, Left::Nothing).await;
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Done);
}

async fn the_same_id_in_another_source_is_another_customer(ledger: &dyn Ledger) {
    let mut other = claim("1", 0);
    other.key.source = "forum".into();
    other.external_id = keyring().external_id(&other.key);
    granted(ledger, &claim("1", 0)).await;
    granted(ledger, &other).await;
    assert_eq!(ledger.entry(&other.key).await.unwrap().unwrap().key, other.key);
}

async fn buried_customers_stay_buried(ledger: &dyn Ledger) {
    let token = granted(ledger, &claim("1", 0)).await;
    let logins = ["login of 1".to_owned(), "second login of 1".to_owned()];
    ledger.bury(&key("1"), &logins, at(1)).await.unwrap();
    ledger.bury(&key("1"), &logins, at(2)).await.unwrap();
    assert_eq!(ledger.finish(&finish("1", token, 3)).await.unwrap(), Finished::Lost);
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Buried);
    assert_eq!(ledger.claim(&claim("1", 100)).await.unwrap(), ClaimAnswer::Buried);
    let mut same_login = claim("2", 100);
    same_login.logins.push("second login of 1".into());
    assert_eq!(ledger.claim(&same_login).await.unwrap(), ClaimAnswer::Buried);
    granted(ledger, &claim("2", 100)).await;
    assert_eq!(undo(ledger, "1", 150).await, UndoAnswer::Busy);
    assert_eq!(
        ledger.claim(&claim("1", 200)).await.unwrap(),
        ClaimAnswer::Buried,
        "an undo does not restore a buried customer"
    );
    ledger.bury(&key("never seen"), &[], at(1)).await.unwrap();
    assert_eq!(ledger.claim(&claim("never seen", 2)).await.unwrap(), ClaimAnswer::Buried);
}

async fn undone_customers_can_migrate_again(ledger: &dyn Ledger) {
    let first = granted(ledger, &claim("1", 0)).await;
    ledger.finish(&finish("1", first, 1)).await.unwrap();
    let token = begun(undo(ledger, "1", 1).await);
    assert_eq!(forget(ledger, "1", token + 1).await, Finished::Lost, "the token was wrong");
    assert_eq!(forget(ledger, "1", token).await, Finished::Done);
    assert_eq!(forget(ledger, "1", token).await, Finished::Lost);
    assert_eq!(ledger.entry(&key("1")).await.unwrap(), None);
    let second = granted(ledger, &claim("1", 2)).await;
    assert!(second > first, "an outdated token stays outdated");
    assert_eq!(ledger.finish(&finish("1", first, 3)).await.unwrap(), Finished::Lost);
}

async fn abandon(ledger: &dyn Ledger, id: &str, token: u64, left: Left) {
    ledger.abandon(&Abandon { key: key(id), token, left }).await.unwrap();
}

async fn undo(ledger: &dyn Ledger, id: &str, seconds: i64) -> UndoAnswer {
    let account = TargetId(format!("account of {id}"));
    let undo = Undo { key: key(id), account, at: at(seconds), lease: Duration::from_secs(10) };
    ledger.undo(&undo).await.unwrap()
}

fn begun(answer: UndoAnswer) -> u64 {
    match answer {
        UndoAnswer::Begun(token) => token,
        UndoAnswer::Busy => panic!("busy"),
    }
}

async fn forget(ledger: &dyn Ledger, id: &str, token: u64) -> Finished {
    let decision = Box::new(decision("undone", 5));
    ledger.end_undo(&UndoEnd::Forget { key: key(id), token, decision }).await.unwrap()
}

async fn entry(ledger: &dyn Ledger, id: &str) -> Entry {
    ledger.entry(&key(id)).await.unwrap().unwrap()
}

/// A customer with a pending account, created at second 0.
async fn pending(ledger: &dyn Ledger, id: &str) -> TargetId {
    let token = granted(ledger, &Claim { verified_at: None, ..claim(id, 0) }).await;
    let finish = Finish { state: AccountState::Pending, events: Vec::new(), ..finish(id, token, 1) };
    assert_eq!(ledger.finish(&finish).await.unwrap(), Finished::Done);
    finish.account
}

async fn a_verified_claim_takes_over_a_pending_account(ledger: &dyn Ledger) {
    let account = pending(ledger, "1").await;
    let unverified = Claim { verified_at: None, ..claim("1", 2) };
    assert_eq!(ledger.claim(&unverified).await.unwrap(), ClaimAnswer::Done(account.clone()));
    let ClaimAnswer::Granted(Grant { token, pending }) = ledger.claim(&claim("1", 3)).await.unwrap() else {
        panic!("the verified claim was not granted");
    };
    assert_eq!(pending, Some(account.clone()));
    for other in [claim("1", 4), Claim { verified_at: None, ..claim("1", 4) }] {
        assert_eq!(
            ledger.claim(&other).await.unwrap(),
            ClaimAnswer::Held,
            "of several verified logins one completes it"
        );
    }
    assert_eq!(ledger.finish(&finish("1", token, 5)).await.unwrap(), Finished::Done);
    assert_eq!(entry(ledger, "1").await.verified_at, Some(at(2)));
    assert_eq!(ledger.claim(&claim("1", 6)).await.unwrap(), ClaimAnswer::Done(account));
}

async fn an_abandoned_claim_keeps_the_pending_account(ledger: &dyn Ledger) {
    let account = pending(ledger, "1").await;
    let token = granted(ledger, &claim("1", 3)).await;
    abandon(ledger, "1", token, Left::AsBefore).await;
    let entry = entry(ledger, "1").await;
    assert_eq!((entry.state, entry.account, entry.verified_at), (EntryState::Done, Some(account), None));
    assert!(ledger.unfinished(at(1_000), Duration::from_secs(10), 9).await.unwrap().is_empty());
    let token = granted(ledger, &claim("1", 5)).await;
    abandon(ledger, "1", token, Left::Nothing).await;
    let entry = self::entry(ledger, "1").await;
    assert_eq!((entry.state, entry.account), (EntryState::Abandoned, None));
}

async fn an_account_that_stays_pending_is_unverified(ledger: &dyn Ledger) {
    let account = pending(ledger, "1").await;
    let token = granted(ledger, &claim("1", 3)).await;
    let found = Finish { state: AccountState::Pending, ..finish("1", token, 20) };
    assert_eq!(ledger.finish(&found).await.unwrap(), Finished::Done);
    let entry = entry(ledger, "1").await;
    assert_eq!((entry.state, entry.account, entry.verified_at), (EntryState::Done, Some(account), None));
}

async fn a_pending_account_is_activated_by_a_sign_in_or_a_password(ledger: &dyn Ledger) {
    for id in ["1", "2", "3"] {
        pending(ledger, id).await;
    }
    let account = |id: &str| TargetId(format!("account of {id}"));
    let set = Decision { operation: Operation::PasswordSet, account: Some((account("1"), None)), ..decision("set", 5) };
    let external = keyring().external_id(&key("2"));
    let signed_in = Decision { account: Some((account("2"), Some(external))), ..decision("authenticated", 5) };
    let external = keyring().external_id(&key("3"));
    let refused = Decision { account: Some((account("3"), Some(external))), ..decision("refused", 5) };
    for decision in [set, signed_in, refused] {
        ledger.decide(&decision, &[]).await.unwrap();
    }
    for (id, activated_at) in [("1", Some(at(5))), ("2", Some(at(5))), ("3", None)] {
        let entry = entry(ledger, id).await;
        assert_eq!((entry.state, entry.activated_at), (EntryState::Done, activated_at), "{id}");
    }
    assert_eq!(ledger.claim(&claim("1", 9)).await.unwrap(), ClaimAnswer::Done(account("1")), "it has a password");
}

async fn a_sign_in_completes_an_abandoned_entry(ledger: &dyn Ledger) {
    let token = granted(ledger, &claim("1", 0)).await;
    abandon(ledger, "1", token, Left::Nothing).await;
    let account = TargetId("late".into());
    let found = (account.clone(), Some(claim("1", 0).external_id));
    let signed_in = Decision { account: Some(found), ..decision("authenticated", 5) };
    ledger.decide(&signed_in, &[]).await.unwrap();
    let entry = entry(ledger, "1").await;
    assert_eq!((entry.state, entry.account, entry.done_at), (EntryState::Done, Some(account), Some(at(5))));
}

async fn an_undo_locks_its_customer_until_its_lease_expires(ledger: &dyn Ledger) {
    let token = granted(ledger, &claim("1", 0)).await;
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    let other = Undo { account: TargetId("another".into()), key: key("1"), at: at(2), lease: Duration::from_secs(10) };
    assert_eq!(ledger.undo(&other).await.unwrap(), UndoAnswer::Busy);
    let first = begun(undo(ledger, "1", 2).await);
    assert_eq!(undo(ledger, "1", 3).await, UndoAnswer::Busy);
    assert_eq!(ledger.claim(&claim("1", 4)).await.unwrap(), ClaimAnswer::Held);
    assert_eq!(ledger.finish(&finish("1", token, 4)).await.unwrap(), Finished::Lost);
    assert_eq!(ledger.unfinished(at(4), Duration::from_secs(10), 9).await.unwrap(), []);
    let unfinished = ledger.unfinished(at(12), Duration::from_secs(10), 9).await.unwrap();
    assert_eq!(unfinished.iter().map(|entry| entry.state).collect::<Vec<_>>(), [EntryState::Undoing]);
    let second = begun(undo(ledger, "1", 12).await);
    assert_eq!(forget(ledger, "1", first).await, Finished::Lost);
    assert_eq!(forget(ledger, "1", second).await, Finished::Done);
    granted(ledger, &claim("1", 13)).await;
}

async fn an_undo_that_keeps_the_account_changes_nothing(ledger: &dyn Ledger) {
    let token = granted(ledger, &claim("1", 0)).await;
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    let before = Entry { token: 0, ..entry(ledger, "1").await };
    let token = begun(undo(ledger, "1", 2).await);
    let keep = UndoEnd::Keep { key: key("1"), token };
    assert_eq!(ledger.end_undo(&keep).await.unwrap(), Finished::Done);
    assert_eq!(Entry { token: 0, ..entry(ledger, "1").await }, before);
    assert!(ledger.unfinished(at(1_000), Duration::from_secs(10), 9).await.unwrap().is_empty());
}

async fn burying_leaves_a_creation_to_recovery(ledger: &dyn Ledger) {
    granted(ledger, &claim("1", 0)).await;
    let done = granted(ledger, &claim("2", 0)).await;
    ledger.finish(&finish("2", done, 1)).await.unwrap();
    for id in ["1", "2"] {
        ledger.bury(&key(id), &[], at(2)).await.unwrap();
    }
    let states = async |seconds| -> Vec<(String, EntryState)> {
        let entries = ledger.unfinished(at(seconds), Duration::from_secs(10), 9).await.unwrap();
        entries.into_iter().map(|entry| (entry.key.id, entry.state)).collect()
    };
    assert_eq!(states(5).await, []);
    assert_eq!(states(10).await, [("1".to_owned(), EntryState::Buried)]);
    ledger.settle_buried(&key("1")).await.unwrap();
    assert_eq!(states(10).await, []);
}

async fn restoring_removes_tombstones_and_records_a_decision(ledger: &dyn Ledger) {
    let logins = ["one".to_owned(), "two".to_owned()];
    for id in ["1", "2"] {
        let token = granted(ledger, &claim(id, 0)).await;
        ledger.finish(&finish(id, token, 1)).await.unwrap();
    }
    ledger.bury(&key("1"), &logins, at(2)).await.unwrap();
    ledger.bury(&key("2"), &["three".to_owned()], at(2)).await.unwrap();
    assert_eq!(ledger.buried("nobody").await.unwrap(), None);
    assert_eq!(ledger.buried("two").await.unwrap().map(|buried| buried.key), Some(key("1")));
    let restore = |id: &str, account| Restore { key: key(id), account, decision: decision("restored", 3) };
    ledger.restore(&restore("1", None)).await.unwrap();
    assert_eq!(ledger.buried("one").await.unwrap(), None);
    assert_eq!(ledger.entry(&key("1")).await.unwrap(), None);
    granted(ledger, &claim("1", 4)).await;
    // The deletion of the second one was interrupted: the account still exists.
    let account = TargetId("account of 2".into());
    ledger.restore(&restore("2", Some(account.clone()))).await.unwrap();
    assert_eq!(ledger.claim(&claim("2", 4)).await.unwrap(), ClaimAnswer::Done(account));
}

async fn leases_from_a_jumped_clock_count_as_expired(ledger: &dyn Ledger) {
    const HOUR: i64 = 3_600;
    granted(ledger, &claim("1", HOUR)).await;
    let unfinished = ledger.unfinished(at(0), Duration::from_secs(10), 9).await.unwrap();
    assert_eq!(unfinished.len(), 1, "it ends an hour and ten seconds from now");
    granted(ledger, &claim("1", 0)).await;
    assert_eq!(ledger.claim(&claim("1", 1)).await.unwrap(), ClaimAnswer::Held);
}

async fn a_ledger_is_bound_to_one_store(ledger: &dyn Ledger) {
    let (first, second) = (StoreId("a".repeat(32)), StoreId("b".repeat(32)));
    assert_eq!(ledger.store().await.unwrap(), None);
    assert_eq!(ledger.last_migrated().await.unwrap(), None);
    assert_eq!(ledger.bind(&first).await.unwrap(), first);
    assert_eq!(ledger.bind(&second).await.unwrap(), first);
    assert_eq!(ledger.store().await.unwrap(), Some(first));
    for (id, seconds) in [("1", 0), ("2", 5), ("3", 3)] {
        let token = granted(ledger, &claim(id, seconds)).await;
        ledger.finish(&finish(id, token, seconds)).await.unwrap();
    }
    assert_eq!(ledger.last_migrated().await.unwrap(), Some(keyring().external_id(&key("2"))));
    ledger.ping().await.unwrap();
}

async fn expired_claims_are_unfinished(ledger: &dyn Ledger) {
    for (id, seconds) in [("3", 2), ("1", 0), ("2", 1)] {
        granted(ledger, &claim(id, seconds)).await;
    }
    let done = granted(ledger, &claim("4", 0)).await;
    ledger.finish(&finish("4", done, 1)).await.unwrap();
    let ids = async |seconds, limit| -> Vec<String> {
        let entries = ledger.unfinished(at(seconds), Duration::from_secs(10), limit).await.unwrap();
        entries.into_iter().map(|entry| entry.key.id).collect()
    };
    assert_eq!(ids(9, 10).await, Vec::<String>::new());
    assert_eq!(ids(11, 10).await, ["1", "2"]);
    assert_eq!(ids(99, 10).await, ["1", "2", "3"]);
    assert_eq!(ids(99, 2).await, ["1", "2"]);
}

#[tokio::test]
async fn the_ledger_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let counter = counter("ada", 2);
    fail(&ledger, 0, &counter).await;
    let held = reserve(&ledger, 0, &counter).await;
    let token = granted(&ledger, &claim("1", 0)).await;
    granted(&ledger, &claim("2", 0)).await;
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    ledger.bury(&key("3"), &[], at(0)).await.unwrap();
    // The first ledger stays open, as in a killed process.
    let again = open(&folder).await;
    assert!(matches!(held, Reserved::Admitted(_)));
    assert_eq!(reserve(&again, 1, &counter).await, Reserved::Busy);
    assert_eq!(reserve(&again, 9, &Counter { limit: 1, ..counter }).await, Reserved::OverLimit);
    assert_eq!(again.claim(&claim("1", 1)).await.unwrap(), ClaimAnswer::Done(TargetId("account of 1".into())));
    assert_eq!(again.claim(&claim("2", 1)).await.unwrap(), ClaimAnswer::Held);
    assert_eq!(again.claim(&claim("3", 1)).await.unwrap(), ClaimAnswer::Buried);
    assert_eq!(again.verify().await.unwrap().head.number, 2);
    assert_eq!(waiting(&again).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(&folder).await, open(&folder).await);
    for round in 0..10 {
        let id = round.to_string();
        let claim = claim(&id, 0);
        let (first, second) = tokio::join!(one.claim(&claim), two.claim(&claim));
        let answers = [first.unwrap(), second.unwrap()];
        assert_eq!(answers.iter().filter(|answer| **answer == ClaimAnswer::Held).count(), 1, "{answers:?}");
        let decided = decision("refused", round);
        let appended = tokio::join!(one.decide(&decided, &[]), two.decide(&decided, &[]));
        assert!(appended.0.is_ok() && appended.1.is_ok());
    }
    let report = one.verify().await.unwrap();
    assert_eq!((report.head.number, report.broken), (20, None));
}

#[tokio::test]
async fn concurrent_logins_share_commits() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let login = async |id: usize| {
        let id = id.to_string();
        reserve(&ledger, 0, &counter(&id, 10)).await;
        let token = granted(&ledger, &claim(&id, 0)).await;
        assert_eq!(ledger.finish(&finish(&id, token, 1)).await.unwrap(), Finished::Done);
    };
    let before = ledger.figures();
    for round in 0..4 {
        join_all((0..16).map(|at| login(round * 16 + at))).await;
    }
    let after = ledger.figures();
    let (jobs, commits) = (after.jobs - before.jobs, after.commits - before.commits);
    assert_eq!(jobs, 4 * 16 * 3);
    assert!(commits * 4 <= jobs, "{commits} commits for {jobs} jobs");
    assert_eq!(ledger.verify().await.unwrap().head.number, 64);
}

#[tokio::test]
async fn a_full_disk_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let limit = ledger.database.writer().write("limit", |connection| {
        Box::pin(async move {
            let (pages,): (i64,) = sqlx::query_as("PRAGMA page_count").fetch_one(&mut *connection).await?;
            let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
            sqlx::raw_sql(sql).execute(connection).await.map(|_| ())
        })
    });
    limit.await.unwrap();
    let counter = counter(&"x".repeat(100_000), 5);
    let attempt = Attempt { counter, network: None, at: at(0), hold: Duration::from_secs(5) };
    let error = ledger.reserve(&attempt).await.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("full"), "{error}");
}

#[tokio::test]
async fn another_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).await);
    let other = Arc::new(Keyring::new(&[8; 32]).unwrap());
    let error = SqliteLedger::open(&path(&folder), Arc::clone(&other)).await.unwrap_err();
    assert!(error.to_string().contains("does not match the key"), "{error}");
    let inspected = SqliteLedger::inspect(&path(&folder), other).await.unwrap();
    assert!(inspected.decide(&decision("migrated", 0), &[]).await.is_err());
}

/// A claim whose logins the ledger keeps.
fn keeping(id: &str, seconds: i64) -> Claim {
    Claim { lookup: AccountLookup::ExternalId, ..claim(id, seconds) }
}

async fn migrated(ledger: &dyn Ledger, login: &str) -> Option<String> {
    ledger.migrated(login).await.unwrap().map(|entry| entry.key.id)
}

async fn a_kept_login_leads_to_the_customer_once_the_migration_is_complete(ledger: &dyn Ledger) {
    let several = Claim { logins: vec!["ada".into(), "ada@example.org".into()], ..keeping("1", 0) };
    let token = granted(ledger, &several).await;
    assert_eq!(migrated(ledger, "ada").await, None, "nothing is created yet");
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    for login in ["ada", "ada@example.org"] {
        let entry = ledger.migrated(login).await.unwrap().unwrap();
        let found = entry.found().unwrap();
        assert_eq!((found.id.0.as_str(), found.state), ("account of 1", AccountState::Active));
    }
    assert_eq!(migrated(ledger, "login of 1").await, None);
    // Logins of customers whose target finds them are not kept.
    let token = granted(ledger, &claim("2", 0)).await;
    ledger.finish(&finish("2", token, 1)).await.unwrap();
    assert_eq!(migrated(ledger, "login of 2").await, None);
    // A pending account is found as such.
    let token = granted(ledger, &Claim { verified_at: None, ..keeping("3", 0) }).await;
    let pending = Finish { state: AccountState::Pending, ..finish("3", token, 1) };
    ledger.finish(&pending).await.unwrap();
    let found = ledger.migrated("login of 3").await.unwrap().unwrap().found().unwrap();
    assert_eq!(found.state, AccountState::Pending);
}

async fn a_kept_login_belongs_to_one_customer(ledger: &dyn Ledger) {
    let token = granted(ledger, &keeping("1", 0)).await;
    let same_login = |id: &str, seconds| Claim { logins: vec!["login of 1".into()], ..keeping(id, seconds) };
    assert_eq!(ledger.claim(&same_login("2", 1)).await.unwrap(), ClaimAnswer::Taken, "it is about to get an account");
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    assert_eq!(ledger.claim(&same_login("2", 99)).await.unwrap(), ClaimAnswer::Taken);
    assert_eq!(ledger.entry(&key("2")).await.unwrap(), None, "nothing was written");
    assert_eq!(migrated(ledger, "login of 1").await.as_deref(), Some("1"));
    // An abandoned claim gives its logins away.
    let token = granted(ledger, &keeping("3", 0)).await;
    abandon(ledger, "3", token, Left::AsBefore).await;
    let taken_over = Claim { logins: vec!["login of 3".into()], ..keeping("4", 1) };
    let token = granted(ledger, &taken_over).await;
    ledger.finish(&finish("4", token, 2)).await.unwrap();
    assert_eq!(migrated(ledger, "login of 3").await.as_deref(), Some("4"));
    assert_eq!(ledger.claim(&keeping("3", 3)).await.unwrap(), ClaimAnswer::Taken);
}

async fn kept_logins_are_forgotten_with_their_account(ledger: &dyn Ledger) {
    for id in ["1", "2", "3"] {
        let token = granted(ledger, &keeping(id, 0)).await;
        ledger.finish(&finish(id, token, 1)).await.unwrap();
    }
    let token = begun(undo(ledger, "1", 1).await);
    assert_eq!(migrated(ledger, "login of 1").await, None, "while it is being undone");
    assert_eq!(forget(ledger, "1", token).await, Finished::Done);
    let other = Claim { logins: vec!["login of 1".into()], ..keeping("9", 2) };
    granted(ledger, &other).await;
    ledger.bury(&key("2"), &["login of 2".into()], at(2)).await.unwrap();
    assert_eq!(migrated(ledger, "login of 2").await, None);
    // A claim that is made again replaces the logins.
    let token = granted(ledger, &keeping("4", 0)).await;
    abandon(ledger, "4", token, Left::Nothing).await;
    let token = granted(ledger, &Claim { logins: vec!["new login".into()], ..keeping("4", 1) }).await;
    ledger.finish(&finish("4", token, 2)).await.unwrap();
    assert_eq!(migrated(ledger, "login of 4").await, None);
    assert_eq!(migrated(ledger, "new login").await.as_deref(), Some("4"));
    assert_eq!(migrated(ledger, "login of 3").await.as_deref(), Some("3"));
}

async fn an_account_leads_to_its_customer(ledger: &dyn Ledger) {
    let several = Claim { logins: vec!["b".into(), "a".into()], ..keeping("1", 0) };
    let token = granted(ledger, &several).await;
    let account = TargetId("account of 1".into());
    assert_eq!(ledger.owner(&account).await.unwrap(), None);
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    let owner = ledger.owner(&account).await.unwrap().unwrap();
    let mut logins = owner.logins;
    logins.sort();
    assert_eq!((owner.entry.key.id.as_str(), logins), ("1", vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(ledger.owner(&TargetId("nobody's".into())).await.unwrap(), None);
    ledger.bury(&key("1"), &[], at(2)).await.unwrap();
    let buried = ledger.owner(&account).await.unwrap().unwrap();
    assert_eq!((buried.entry.state, buried.logins), (EntryState::Buried, Vec::new()), "its deletion can be repeated");
}
