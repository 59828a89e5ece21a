//! What every ledger does. Each case runs against the file and against memory.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{MemoryLedger, SqliteLedger};
use crate::migrate::{
    Attempt, Claim, ClaimAnswer, Counter, Decision, DeliveryState, Door, EntryState, Event, EventKind, ExternalId,
    Finish, Finished, Keyring, Ledger, LegacyKey, PortErrorKind, Reserved, Subscription, TargetId,
};

macro_rules! every_ledger {
    ($($case:ident)*) => {
        mod in_a_file {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                super::$case(&super::open(&folder).await).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&super::MemoryLedger::new()).await;
            })*
        }
    };
}

every_ledger! {
    a_counter_admits_up_to_its_limit
    all_counters_admit_or_none_counts
    a_counter_is_forgotten_when_its_window_has_passed
    settled_attempts_do_not_count
    looking_at_counters_counts_nothing
    parallel_attempts_cannot_pass_a_limit
    a_claim_is_held_until_its_lease_passes
    one_of_many_claims_is_granted
    only_the_holder_of_the_token_finishes
    an_abandoned_claim_begins_anew
    the_same_id_of_another_source_is_somebody_else
    the_buried_stay_buried
    the_forgotten_migrate_anew
    a_decision_finishes_what_it_found
    claims_that_ran_out_are_unfinished
    events_are_given_out_again_after_their_lease
    each_receiver_has_its_own_attempts_and_times
    an_event_leaves_when_all_its_receivers_have_it
    a_removed_receiver_takes_its_deliveries_with_it
    deliveries_far_ahead_are_due_and_dead_ones_never
}

pub(super) fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::new(&[7; 32]).unwrap())
}

fn path(folder: &tempfile::TempDir) -> String {
    folder.path().join("ledger.db").to_str().unwrap().to_owned()
}

pub(super) async fn open(folder: &tempfile::TempDir) -> SqliteLedger {
    SqliteLedger::open(&path(folder), keyring()).await.unwrap()
}

/// So many seconds after the beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn counter(key: &str, limit: u32) -> Counter {
    Counter { key: key.into(), limit, window: Duration::from_secs(60) }
}

async fn reserve(ledger: &dyn Ledger, seconds: i64, counters: &[Counter]) -> Reserved {
    ledger.reserve(&Attempt { counters: counters.to_vec(), at: at(seconds) }).await.unwrap()
}

fn key(id: &str) -> LegacyKey {
    LegacyKey { source: "shop".into(), id: id.into() }
}

fn claim(id: &str, seconds: i64) -> Claim {
    Claim {
        key: key(id),
        logins: vec![format!("login of {id}")],
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
        ClaimAnswer::Granted(token) => token,
        other => panic!("{other:?}"),
    }
}

pub(super) fn decision(outcome: &'static str, seconds: i64) -> Decision {
    Decision {
        at: at(seconds),
        request_id: format!("request {seconds}"),
        door: Door::Login,
        outcome,
        reason: String::new(),
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

fn event(kind: EventKind, seconds: i64) -> Event {
    let (reason, request_id) = (kind.name().into(), "request".into());
    Event { at: at(seconds), kind, reason, account: Some(TargetId("a1".into())), request_id, tags: vec!["vip".into()] }
}

fn finish(id: &str, token: u64, seconds: i64) -> Finish {
    Finish {
        key: key(id),
        token,
        account: TargetId(format!("account of {id}")),
        created_at: at(seconds - 1),
        tags: vec!["vip".into()],
        decision: decision("migrated", seconds),
        events: vec![event(EventKind::Migrated, seconds)],
    }
}

async fn waiting(ledger: &dyn Ledger) -> usize {
    let receiver = "everything".to_owned();
    let all = [Subscription { receiver, kinds: EventKind::ALL.to_vec() }];
    ledger.route(&all, at(1_000_000), 100).await.unwrap();
    ledger.due("everything", at(1_000_000), Duration::ZERO, 100).await.unwrap().len()
}

async fn a_counter_admits_up_to_its_limit(ledger: &dyn Ledger) {
    let counters = [counter("ada", 3)];
    for _ in 0..3 {
        assert_eq!(reserve(ledger, 0, &counters).await, Reserved::Admitted);
    }
    for _ in 0..3 {
        assert_eq!(reserve(ledger, 59, &counters).await, Reserved::OverLimit);
    }
    assert_eq!(reserve(ledger, 59, &[counter("bob", 3)]).await, Reserved::Admitted);
    assert_eq!(reserve(ledger, 59, &[counter("eve", 0)]).await, Reserved::OverLimit);
    // Refused attempts counted nothing: the window still ends 60 seconds after the last admitted one.
    assert_eq!(reserve(ledger, 60, &counters).await, Reserved::Admitted);
}

async fn all_counters_admit_or_none_counts(ledger: &dyn Ledger) {
    assert_eq!(reserve(ledger, 0, &[counter("network", 1)]).await, Reserved::Admitted);
    for _ in 0..5 {
        assert_eq!(reserve(ledger, 0, &[counter("ada", 2), counter("network", 1)]).await, Reserved::OverLimit);
    }
    for expected in [Reserved::Admitted, Reserved::Admitted, Reserved::OverLimit] {
        assert_eq!(reserve(ledger, 0, &[counter("ada", 2)]).await, expected);
    }
}

async fn looking_at_counters_counts_nothing(ledger: &dyn Ledger) {
    let attempt = Attempt { counters: vec![counter("ada", 1), counter("network", 2)], at: at(0) };
    for _ in 0..3 {
        assert_eq!(ledger.would_admit(&attempt).await.unwrap(), Reserved::Admitted);
    }
    assert_eq!(reserve(ledger, 0, &attempt.counters).await, Reserved::Admitted);
    assert_eq!(ledger.would_admit(&attempt).await.unwrap(), Reserved::OverLimit);
    let later = Attempt { at: at(60), ..attempt };
    assert_eq!(ledger.would_admit(&later).await.unwrap(), Reserved::Admitted);
}

async fn a_counter_is_forgotten_when_its_window_has_passed(ledger: &dyn Ledger) {
    let counters = [counter("ada", 2)];
    reserve(ledger, 0, &counters).await;
    reserve(ledger, 59, &counters).await;
    assert_eq!(reserve(ledger, 118, &counters).await, Reserved::OverLimit, "it remembers since the last attempt");
    assert_eq!(reserve(ledger, 119, &counters).await, Reserved::Admitted);
    assert_eq!(reserve(ledger, 119, &counters).await, Reserved::Admitted);
    assert_eq!(reserve(ledger, 119, &counters).await, Reserved::OverLimit);
}

async fn settle(ledger: &dyn Ledger, counters: &[Counter]) {
    let decision = Decision { settled: counters.to_vec(), ..decision("authenticated", 0) };
    ledger.decide(&decision, &[]).await.unwrap();
}

async fn settled_attempts_do_not_count(ledger: &dyn Ledger) {
    let counters = [counter("ada", 1), counter("network", 1)];
    for _ in 0..5 {
        assert_eq!(reserve(ledger, 0, &counters).await, Reserved::Admitted);
        settle(ledger, &counters).await;
    }
    // Settling what was never counted gives nobody more attempts.
    for _ in 0..5 {
        settle(ledger, &counters).await;
        settle(ledger, &[counter("nobody", 1)]).await;
    }
    assert_eq!(reserve(ledger, 0, &counters).await, Reserved::Admitted);
    assert_eq!(reserve(ledger, 0, &counters).await, Reserved::OverLimit);
}

async fn parallel_attempts_cannot_pass_a_limit(ledger: &dyn Ledger) {
    let counters = [counter("ada", 10), counter("network", 300)];
    let answers = join_all((0..500).map(|_| reserve(ledger, 0, &counters))).await;
    assert_eq!(answers.into_iter().filter(|answer| *answer == Reserved::Admitted).count(), 10);
}

async fn a_claim_is_held_until_its_lease_passes(ledger: &dyn Ledger) {
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

async fn only_the_holder_of_the_token_finishes(ledger: &dyn Ledger) {
    let outdated = granted(ledger, &claim("1", 0)).await;
    let token = granted(ledger, &claim("1", 20)).await;
    for wrong in [outdated, 0, u64::MAX] {
        assert_eq!(ledger.finish(&finish("1", wrong, 21)).await.unwrap(), Finished::Lost);
    }
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Creating);
    assert_eq!(waiting(ledger).await, 0, "nothing was written");
    // The lease has passed, but nobody took over.
    assert_eq!(ledger.finish(&finish("1", token, 99)).await.unwrap(), Finished::Done);
    assert_eq!(waiting(ledger).await, 1);
    let entry = ledger.entry(&key("1")).await.unwrap().unwrap();
    let account = Some(TargetId("account of 1".into()));
    assert_eq!((entry.state, &entry.account), (EntryState::Done, &account));
    assert_eq!((entry.created_at, entry.done_at), (Some(at(98)), Some(at(99))));
    assert_eq!(ledger.finish(&finish("1", token, 99)).await.unwrap(), Finished::Lost, "once is enough");
    assert_eq!(Some(ledger.claim(&claim("1", 200)).await.unwrap()), account.map(ClaimAnswer::Done));
}

async fn an_abandoned_claim_begins_anew(ledger: &dyn Ledger) {
    let first = granted(ledger, &claim("1", 0)).await;
    ledger.abandon(&key("1"), first + 1).await.unwrap();
    assert_eq!(ledger.claim(&claim("1", 1)).await.unwrap(), ClaimAnswer::Held, "the token was another one");
    ledger.abandon(&key("1"), first).await.unwrap();
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Abandoned);
    assert_eq!(ledger.finish(&finish("1", first, 1)).await.unwrap(), Finished::Lost);
    let second = granted(ledger, &claim("1", 1)).await;
    assert!(second > first);
    assert_eq!(ledger.finish(&finish("1", second, 2)).await.unwrap(), Finished::Done);
    ledger.abandon(&key("1"), second).await.unwrap();
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Done);
}

async fn the_same_id_of_another_source_is_somebody_else(ledger: &dyn Ledger) {
    let mut other = claim("1", 0);
    other.key.source = "forum".into();
    other.external_id = keyring().external_id(&other.key);
    granted(ledger, &claim("1", 0)).await;
    granted(ledger, &other).await;
    assert_eq!(ledger.entry(&other.key).await.unwrap().unwrap().key, other.key);
}

async fn the_buried_stay_buried(ledger: &dyn Ledger) {
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
    ledger.forget(&key("1")).await.unwrap();
    assert_eq!(ledger.claim(&claim("1", 200)).await.unwrap(), ClaimAnswer::Buried, "undo raises nobody");
    ledger.bury(&key("never seen"), &[], at(1)).await.unwrap();
    assert_eq!(ledger.claim(&claim("never seen", 2)).await.unwrap(), ClaimAnswer::Buried);
}

async fn the_forgotten_migrate_anew(ledger: &dyn Ledger) {
    let first = granted(ledger, &claim("1", 0)).await;
    ledger.finish(&finish("1", first, 1)).await.unwrap();
    ledger.forget(&key("1")).await.unwrap();
    ledger.forget(&key("1")).await.unwrap();
    assert_eq!(ledger.entry(&key("1")).await.unwrap(), None);
    let second = granted(ledger, &claim("1", 2)).await;
    assert!(second > first, "an outdated token stays outdated");
    assert_eq!(ledger.finish(&finish("1", first, 3)).await.unwrap(), Finished::Lost);
}

async fn a_decision_finishes_what_it_found(ledger: &dyn Ledger) {
    let token = granted(ledger, &claim("1", 0)).await;
    granted(ledger, &claim("2", 0)).await;
    let account = TargetId("found".into());
    let mut found = decision("authenticated", 5);
    found.account = Some((account.clone(), None));
    ledger.decide(&found, &[]).await.unwrap();
    found.account = Some((account.clone(), Some(ExternalId("of nobody".into()))));
    ledger.decide(&found, &[]).await.unwrap();
    assert_eq!(ledger.entry(&key("1")).await.unwrap().unwrap().state, EntryState::Creating);
    found.account = Some((account.clone(), Some(claim("1", 0).external_id)));
    ledger.decide(&found, &[event(EventKind::Refused, 5)]).await.unwrap();
    let entry = ledger.entry(&key("1")).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.account), (EntryState::Done, Some(account)));
    assert_eq!((entry.created_at, entry.done_at), (Some(at(5)), Some(at(5))));
    assert_eq!(ledger.entry(&key("2")).await.unwrap().unwrap().state, EntryState::Creating);
    assert_eq!(ledger.finish(&finish("1", token, 6)).await.unwrap(), Finished::Lost);
    assert_eq!(waiting(ledger).await, 1);
}

async fn claims_that_ran_out_are_unfinished(ledger: &dyn Ledger) {
    for (id, seconds) in [("3", 2), ("1", 0), ("2", 1)] {
        granted(ledger, &claim(id, seconds)).await;
    }
    let done = granted(ledger, &claim("4", 0)).await;
    ledger.finish(&finish("4", done, 1)).await.unwrap();
    let ids = async |seconds, limit| -> Vec<String> {
        let entries = ledger.unfinished(at(seconds), limit).await.unwrap();
        entries.into_iter().map(|entry| entry.key.id).collect()
    };
    assert_eq!(ids(9, 10).await, Vec::<String>::new());
    assert_eq!(ids(11, 10).await, ["1", "2"]);
    assert_eq!(ids(99, 10).await, ["1", "2", "3"]);
    assert_eq!(ids(99, 2).await, ["1", "2"]);
}

fn subscription(receiver: &str, kinds: &[EventKind]) -> Subscription {
    Subscription { receiver: receiver.into(), kinds: kinds.to_vec() }
}

/// What is due at a receiver then: numbers and attempts.
async fn due(ledger: &dyn Ledger, receiver: &str, seconds: i64, limit: usize) -> Vec<(i64, u32)> {
    let due = ledger.due(receiver, at(seconds), Duration::from_secs(30), limit).await.unwrap();
    due.into_iter().map(|outgoing| (outgoing.id, outgoing.attempts)).collect()
}

async fn events_are_given_out_again_after_their_lease(ledger: &dyn Ledger) {
    let crm = [subscription("crm", &EventKind::ALL)];
    let events = [event(EventKind::Migrated, 0), event(EventKind::NeedsAction, 1), event(EventKind::Failed, 5)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    assert_eq!(due(ledger, "crm", 99, 10).await, [], "nobody was given them yet");
    for new in [2, 1, 0] {
        assert_eq!(ledger.route(&crm, at(5), 2).await.unwrap(), new);
    }
    assert_eq!(due(ledger, "crm", -1, 10).await, []);
    assert_eq!(due(ledger, "crm", 2, 0).await, []);
    assert_eq!(due(ledger, "crm", 2, 1).await, [(1, 1)]);
    assert_eq!(due(ledger, "crm", 2, 10).await, [(2, 1)]);
    ledger.sent("crm", 1, DeliveryState::Accepted).await.unwrap();
    ledger.sent("crm", 2, DeliveryState::Again(at(50))).await.unwrap();
    assert_eq!(due(ledger, "crm", 49, 10).await, [(3, 1)]);
    assert_eq!(due(ledger, "crm", 50, 10).await, [(2, 2)]);
    assert_eq!(due(ledger, "crm", 79, 10).await, [(3, 2)]);
    assert_eq!(due(ledger, "crm", 1000, 10).await, [(2, 3), (3, 3)]);
    let again = ledger.due("crm", at(2000), Duration::ZERO, 1).await.unwrap();
    assert_eq!(again[0].event, events[1]);
    for id in [2, 3, 99] {
        ledger.sent("crm", id, DeliveryState::Accepted).await.unwrap();
    }
    ledger.decide(&decision("migrated", 0), &events[..1]).await.unwrap();
    ledger.route(&crm, at(5000), 10).await.unwrap();
    assert_eq!(due(ledger, "crm", 5000, 10).await, [(4, 1)], "the number of an event is never given again");
}

async fn each_receiver_has_its_own_attempts_and_times(ledger: &dyn Ledger) {
    let both =
        [subscription("crm", &[EventKind::Migrated, EventKind::Failed]), subscription("mail", &[EventKind::Failed])];
    let events = [event(EventKind::Migrated, 0), event(EventKind::Failed, 1), event(EventKind::Refused, 2)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    assert_eq!(ledger.route(&both, at(2), 10).await.unwrap(), 3);
    for attempt in 1..=3 {
        assert_eq!(due(ledger, "crm", 100 * i64::from(attempt), 10).await, [(1, attempt), (2, attempt)]);
    }
    assert_eq!(due(ledger, "mail", 2, 10).await, [(2, 1)], "what crm was given is none of its business");
    ledger.sent("mail", 2, DeliveryState::Again(at(900))).await.unwrap();
    ledger.sent("crm", 2, DeliveryState::Again(at(800))).await.unwrap();
    assert_eq!(due(ledger, "mail", 899, 10).await, []);
    assert_eq!(due(ledger, "crm", 899, 10).await, [(1, 4), (2, 4)]);
    assert_eq!(due(ledger, "mail", 900, 10).await, [(2, 2)]);
    assert_eq!(due(ledger, "nobody", 9000, 10).await, []);
}

async fn an_event_leaves_when_all_its_receivers_have_it(ledger: &dyn Ledger) {
    let both = [subscription("crm", &EventKind::ALL), subscription("mail", &EventKind::ALL)];
    ledger.decide(&decision("migrated", 0), &[event(EventKind::Migrated, 0)]).await.unwrap();
    ledger.route(&both, at(0), 10).await.unwrap();
    ledger.sent("crm", 1, DeliveryState::Accepted).await.unwrap();
    assert_eq!(due(ledger, "crm", 9, 10).await, []);
    assert_eq!(due(ledger, "mail", 9, 10).await, [(1, 1)]);
    ledger.sent("mail", 1, DeliveryState::Accepted).await.unwrap();
    ledger.sent("mail", 1, DeliveryState::Again(at(0))).await.unwrap();
    assert_eq!(due(ledger, "mail", 999, 10).await, [], "what has left does not come back");
}

async fn a_removed_receiver_takes_its_deliveries_with_it(ledger: &dyn Ledger) {
    let both = [subscription("crm", &[EventKind::Migrated]), subscription("mail", &EventKind::ALL)];
    let events = [event(EventKind::Migrated, 0), event(EventKind::Failed, 0)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    ledger.route(&both, at(0), 10).await.unwrap();
    let (crm, mail) = (["crm".to_owned()], ["mail".to_owned(), "crm".to_owned()]);
    assert_eq!(ledger.keep_receivers(&mail).await.unwrap(), []);
    assert_eq!(ledger.keep_receivers(&crm).await.unwrap(), [("mail".to_owned(), 2)]);
    assert_eq!(due(ledger, "mail", 99, 10).await, []);
    assert_eq!(due(ledger, "crm", 99, 10).await, [(1, 1)]);
    // one that is added, or comes back, gets what happens from then on
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    ledger.route(&both, at(0), 10).await.unwrap();
    assert_eq!(due(ledger, "mail", 99, 10).await, [(3, 1), (4, 1)]);
    assert_eq!(ledger.keep_receivers(&[]).await.unwrap(), [("crm".to_owned(), 2), ("mail".to_owned(), 2)]);
    assert_eq!(ledger.route(&[], at(0), 10).await.unwrap(), 0);
}

async fn deliveries_far_ahead_are_due_and_dead_ones_never(ledger: &dyn Ledger) {
    let crm = [subscription("crm", &EventKind::ALL)];
    let events = [event(EventKind::Migrated, 400_000), event(EventKind::Failed, 0), event(EventKind::Refused, 0)];
    ledger.decide(&decision("migrated", 0), &events).await.unwrap();
    // the clock was set back by days after the first event was written
    ledger.route(&crm, at(0), 10).await.unwrap();
    assert_eq!(due(ledger, "crm", 0, 10).await, [(1, 1), (2, 1), (3, 1)]);
    ledger.sent("crm", 1, DeliveryState::Again(at(500_000))).await.unwrap();
    ledger.sent("crm", 2, DeliveryState::Again(at(3000))).await.unwrap();
    ledger.sent("crm", 3, DeliveryState::Dead).await.unwrap();
    assert_eq!(due(ledger, "crm", 1, 10).await, [(1, 2)], "no wait is that long");
    assert_eq!(due(ledger, "crm", 90_000_000, 10).await, [(1, 3), (2, 2)]);
}

#[tokio::test]
async fn memory_sweeps_expired_counters_and_no_others() {
    let ledger = MemoryLedger::new();
    for at in 0..50 {
        reserve(&ledger, 0, &[counter(&format!("old {at}"), 5)]).await;
    }
    assert_eq!(ledger.counters(), 50);
    for at in 0..10 {
        reserve(&ledger, 60, &[counter(&format!("new {at}"), 5)]).await;
    }
    assert_eq!(ledger.counters(), 10);
    ledger.decide(&decision("rejected", 0), &[]).await.unwrap();
    assert_eq!(ledger.decisions(), [decision("rejected", 0)]);
}

#[tokio::test]
async fn the_file_sweeps_expired_counters_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let count = async || -> i64 {
        let mut connection = ledger.database.reader().acquire("read").await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM attempts").fetch_one(&mut *connection).await.unwrap()
    };
    let flood: Vec<_> = (0..1000).map(|at| [counter(&format!("old {at}"), 5)]).collect();
    reserve(&ledger, 0, &[counter("ada", 1)]).await;
    join_all(flood.iter().map(|counters| reserve(&ledger, 30, counters))).await;
    assert_eq!(count().await, 1001);
    assert_eq!(reserve(&ledger, 59, &[counter("ada", 1)]).await, Reserved::OverLimit, "no flood washes a counter away");
    for at in 0..126 {
        reserve(&ledger, 90, &[counter(&format!("new {at}"), 5)]).await;
    }
    assert_eq!(count().await, 126);
}

#[tokio::test]
async fn the_books_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder).await;
    let counters = [counter("ada", 1)];
    reserve(&ledger, 0, &counters).await;
    let token = granted(&ledger, &claim("1", 0)).await;
    granted(&ledger, &claim("2", 0)).await;
    ledger.finish(&finish("1", token, 1)).await.unwrap();
    ledger.bury(&key("3"), &[], at(0)).await.unwrap();
    // The first one stays open, as in a process that was killed.
    let again = open(&folder).await;
    assert_eq!(reserve(&again, 1, &counters).await, Reserved::OverLimit);
    assert_eq!(again.claim(&claim("1", 1)).await.unwrap(), ClaimAnswer::Done(TargetId("account of 1".into())));
    assert_eq!(again.claim(&claim("2", 1)).await.unwrap(), ClaimAnswer::Held);
    assert_eq!(again.claim(&claim("3", 1)).await.unwrap(), ClaimAnswer::Buried);
    assert_eq!(again.verify().await.unwrap().head.number, 1);
    assert_eq!(waiting(&again).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_books() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(&folder).await, open(&folder).await);
    for round in 0..10 {
        let id = round.to_string();
        let claim = claim(&id, 0);
        let (first, second) = tokio::join!(one.claim(&claim), two.claim(&claim));
        let answers = [first.unwrap(), second.unwrap()];
        assert_eq!(answers.iter().filter(|answer| **answer == ClaimAnswer::Held).count(), 1, "{answers:?}");
        let decided = decision("rejected", round);
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
        reserve(&ledger, 0, &[counter(&id, 10), counter("network", 300)]).await;
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
async fn a_full_disk_admits_nobody() {
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
    let counters: Vec<_> = (0..100).map(|at| counter(&format!("{at} {}", "x".repeat(100)), 5)).collect();
    let attempt = Attempt { counters, at: at(0) };
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
    assert!(error.to_string().contains("does not fit the key"), "{error}");
    let inspected = SqliteLedger::inspect(&path(&folder), other).await.unwrap();
    assert!(inspected.decide(&decision("migrated", 0), &[]).await.is_err());
}
