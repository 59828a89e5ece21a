//! Several instances with pools of their own: what one of them does, the others find.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{claim, event, finish, granted, key};
use crate::adapters::postgres::PostgresLedger;
use crate::adapters::suites::ledger::{at, decision};
use crate::adapters::suites::nonces::{NOW, nonce};
use crate::adapters::suites::postgres::{accounts_at, ledger_at, new_database};
use crate::adapters::suites::target::{Customer, call, hasher};
use crate::ports::{
    AccountLookup, Attempt, Claim, ClaimAnswer, Conflict, Counter, Created, Decision, DeliveryState, EntryState,
    EventKind, Finished, Fresh, Ledger as _, Nonces as _, Outbox as _, RateLimit, Reports as _, Reserved, Room,
    Settled, SharedLimits as _, Subscription, Taken, Target as _,
};

/// Instances on one new database, which start at the same time.
async fn instances(count: usize) -> Vec<PostgresLedger> {
    let url = new_database();
    join_all((0..count).map(|_| ledger_at(&url))).await
}

fn counter(owner: &str, limit: u32) -> Counter {
    Counter { owner: owner.into(), lane: String::new(), limit, window: Duration::from_secs(640) }
}

fn attempt(owner: &str, limit: u32) -> Attempt {
    Attempt { counter: counter(owner, limit), network: None, at: at(0), hold: Duration::from_secs(60) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn of_several_instances_one_gets_a_claim() {
    let ledgers = instances(3).await;
    for round in 0..40 {
        let id = round.to_string();
        let asked = claim(&id);
        let answers = join_all(ledgers.iter().flat_map(|ledger| [ledger.claim(&asked), ledger.claim(&asked)])).await;
        let held = answers.iter().filter(|answer| matches!(answer, Ok(ClaimAnswer::Held))).count();
        let tokens: Vec<u64> = answers
            .iter()
            .filter_map(|answer| match answer {
                Ok(ClaimAnswer::Granted(grant)) => Some(grant.token),
                _ => None,
            })
            .collect();
        assert_eq!((held, tokens.len()), (5, 1), "{answers:?}");
        let ended = finish(&id, tokens[0]);
        let ends = join_all(ledgers.iter().map(|ledger| ledger.finish(&ended))).await;
        let done = ends.iter().filter(|end| matches!(end, Ok(Finished::Done))).count();
        assert_eq!(done, 1, "a claim ends once: {ends:?}");
    }
    let report = ledgers[0].verify().await.unwrap();
    assert_eq!((report.head.number, report.broken), (40, None));
}

/// Customers whose records list the same logins, in different orders, sign in for the first time at several instances.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_kept_login_belongs_to_one_customer_of_all_instances() {
    let ledgers = instances(3).await;
    for round in 0..30 {
        let mut shared = vec![format!("first {round}"), format!("second {round}")];
        let claims: Vec<Claim> = (0..6)
            .map(|at| {
                shared.rotate_left(1);
                let id = format!("{round} {at}");
                Claim { logins: shared.clone(), lookup: AccountLookup::ExternalId, ..claim(&id) }
            })
            .collect();
        let answers = join_all(claims.iter().enumerate().map(|(at, claim)| ledgers[at % 3].claim(claim))).await;
        let taken = answers.iter().filter(|answer| matches!(answer, Ok(ClaimAnswer::Taken))).count();
        assert_eq!(taken, 5, "{answers:?}");
        let winner = answers.iter().position(|answer| matches!(answer, Ok(ClaimAnswer::Granted(_)))).unwrap();
        let Ok(ClaimAnswer::Granted(grant)) = &answers[winner] else { unreachable!("found above") };
        let id = format!("{round} {winner}");
        assert_eq!(ledgers[winner % 3].finish(&finish(&id, grant.token)).await.unwrap(), Finished::Done);
        let found = ledgers[(winner + 1) % 3].migrated(&shared[0]).await.unwrap().unwrap();
        assert_eq!(found.key, key(&id));
    }
}

/// The logins of a customer are forgotten while others ask for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_login_that_is_given_up_goes_to_one_customer() {
    let ledgers = instances(3).await;
    for round in 0..60 {
        let name = |customer: &str| format!("{round} {customer}");
        let keeping = |customer: &str| Claim {
            logins: vec![name("login")],
            lookup: AccountLookup::ExternalId,
            ..claim(&name(customer))
        };
        let ClaimAnswer::Granted(_) = ledgers[0].claim(&keeping("gone")).await.unwrap() else { panic!("not granted") };
        let (gone, claims) = (key(&name("gone")), [keeping("one"), keeping("two")]);
        let (buried, answers) = tokio::join!(
            ledgers[0].bury(&gone, &[], at(2)),
            join_all(claims.iter().zip(&ledgers[1..]).map(|(claim, ledger)| ledger.claim(claim)))
        );
        buried.unwrap();
        let mut granted = Vec::new();
        for (claim, answer) in claims.iter().zip(&answers) {
            match answer {
                Ok(ClaimAnswer::Granted(grant)) => granted.push((claim.key.id.clone(), grant.token)),
                Ok(ClaimAnswer::Taken) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(granted.len() < 2, "{answers:?}");
        for (id, token) in granted {
            ledgers[0].finish(&finish(&id, token)).await.unwrap();
            let found = ledgers[0].migrated(&name("login")).await.unwrap();
            assert_eq!(found.map(|entry| entry.key.id), Some(id), "the login is kept");
        }
    }
}

/// A limit is kept by all instances together, and a pause that one of them is asked for holds the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn limits_and_pauses_hold_for_all_instances() {
    let ledgers = instances(3).await;
    let limit = RateLimit { name: "target".into(), calls: 50, per: Duration::from_secs(1) };
    let taken = join_all((0..60).map(|at| ledgers[at % 3].take(&limit, 1, self::at(0)))).await;
    let calls = taken.iter().filter(|taken| matches!(taken, Ok(Taken::Calls(1)))).count();
    assert_eq!(calls, usize::try_from(limit.burst()).unwrap(), "{taken:?}");
    ledgers[0].pause("target", at(60), at(0)).await.unwrap();
    ledgers[2].pause("target", at(30), at(0)).await.unwrap();
    assert_eq!(ledgers[1].paused("target", at(59)).await.unwrap(), Some(at(60)));
    assert_eq!(ledgers[1].paused("target", at(60)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn the_audit_of_all_instances_is_one_chain() {
    let ledgers = instances(3).await;
    // everybody fails from the same networks, in different orders
    let busy = async |ledger: PostgresLedger, worker: usize| {
        for round in 0..20 {
            let networks = [worker % 3, (worker + round) % 3].map(|at| counter(&format!("network {at}"), 10_000));
            let settled = networks.map(Settled::Failed).to_vec();
            let decided = Decision { settled, ..decision("refused", i64::try_from(round).unwrap()) };
            ledger.decide(&decided, &[event(&format!("{worker} {round}"))]).await.unwrap();
        }
    };
    let workers = (0..24).map(|worker| busy(ledgers[worker % 3].clone(), worker));
    join_all(workers).await;
    let report = ledgers[1].verify().await.unwrap();
    assert_eq!((report.head.number, report.broken), (480, None));
    // two failures for each decision, and none is lost
    let mut failures = 0;
    for network in 0..3 {
        let is_full = async |limit| {
            ledgers[0].would_admit(&counter(&format!("network {network}"), limit), at(20)).await.unwrap() == Room::Full
        };
        let mut count = 0;
        while is_full(count + 1).await {
            count += 1;
        }
        failures += count;
    }
    assert_eq!(failures, 960);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn attempts_of_all_instances_together_keep_to_the_limit() {
    let ledgers = instances(3).await;
    let one = attempt("ada", 10);
    let answers = join_all((0..150).map(|at| ledgers[at % 3].reserve(&one))).await;
    let admitted = answers.iter().filter(|answer| matches!(answer, Ok(Reserved::Admitted(_)))).count();
    let busy = answers.iter().filter(|answer| matches!(answer, Ok(Reserved::Busy))).count();
    assert_eq!((admitted, busy), (10, 140));
    // guesses that fail and end while others begin
    let guess = async |ledger: &PostgresLedger| {
        let mut guesses = 0;
        loop {
            match ledger.reserve(&attempt("bob", 20)).await.unwrap() {
                Reserved::OverLimit => return guesses,
                Reserved::Busy => tokio::time::sleep(Duration::from_millis(2)).await,
                Reserved::Admitted(reservation) => {
                    guesses += 1;
                    let failed = Settled::Failed(reservation.counter.clone());
                    let settled = vec![Settled::Ended(reservation), failed];
                    ledger.decide(&Decision { settled, ..decision("refused", 0) }, &[]).await.unwrap();
                }
            }
        }
    };
    let guesses: usize = join_all((0..12).map(|at| guess(&ledgers[at % 3]))).await.into_iter().sum();
    assert_eq!(guesses, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_customer_who_is_buried_during_a_claim_stays_buried() {
    let ledgers = instances(2).await;
    for round in 0..60 {
        let id = round.to_string();
        let (asked, buried) = (claim(&id), key(&id));
        let (answer, done) = tokio::join!(ledgers[0].claim(&asked), ledgers[1].bury(&buried, &[], at(0)));
        done.unwrap();
        match answer.unwrap() {
            ClaimAnswer::Buried => {}
            ClaimAnswer::Granted(_) => {
                let entry = ledgers[0].entry(&buried).await.unwrap().unwrap();
                assert_eq!(entry.state, EntryState::Buried, "recovery must look for the account");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn instances_hand_out_different_events_and_the_last_receiver_removes_them() {
    const EVENTS: usize = 120;
    let ledgers = instances(3).await;
    let subscriptions = ["crm", "mail"].map(|receiver| Subscription::new(receiver, &EventKind::ALL));
    let events: Vec<_> = (0..EVENTS).map(|at| event(&at.to_string())).collect();
    ledgers[0].decide(&decision("migrated", 1), &events).await.unwrap();
    let routed = join_all(ledgers.iter().map(async |ledger| {
        let mut routed = 0;
        loop {
            match ledger.route(&subscriptions, at(2), 7).await.unwrap() {
                0 => return routed,
                new => routed += new,
            }
        }
    }));
    assert_eq!(routed.await.into_iter().sum::<usize>(), EVENTS, "each event is routed once");
    let send = async |ledger: &PostgresLedger, subscription: &Subscription| {
        let mut sent = Vec::new();
        loop {
            let due = ledger.due(subscription, at(3), Duration::from_secs(30), 5).await.unwrap();
            if due.is_empty() {
                return sent;
            }
            for outgoing in due {
                assert_eq!(outgoing.attempts, 1);
                ledger.sent(&subscription.receiver, outgoing.id, DeliveryState::Accepted).await.unwrap();
                sent.push((subscription.receiver.clone(), outgoing.id));
            }
        }
    };
    let workers = ledgers.iter().flat_map(|ledger| subscriptions.iter().map(|subscription| send(ledger, subscription)));
    let sent: Vec<_> = join_all(workers).await.into_iter().flatten().collect();
    let different: BTreeSet<_> = sent.iter().collect();
    assert_eq!((sent.len(), different.len()), (2 * EVENTS, 2 * EVENTS));
    assert_eq!(ledgers[0].summary(at(9)).await.unwrap().events, 0, "nothing is left in the outbox");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_signed_call_is_accepted_by_one_instance() {
    let ledgers = instances(3).await;
    for number in 0..40 {
        let call = nonce(number, NOW, NOW);
        let answers = join_all(ledgers.iter().map(|ledger| ledger.remember(&call))).await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Fresh::First))).count(), 1, "{answers:?}");
    }
    // while the first calls are forgotten, none of them becomes new again
    let (late, old) = (nonce(1000, NOW + 86_400, NOW + 86_400), nonce(7, NOW, NOW));
    let forgetting = ledgers[0].remember(&late);
    let (first, again) = tokio::join!(forgetting, join_all((0..20).map(|at| ledgers[at % 3].remember(&old))));
    assert_eq!(first.unwrap(), Fresh::First);
    assert!(again.iter().all(|answer| !matches!(answer, Ok(Fresh::First))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn instances_create_an_account_once_and_share_out_logins() {
    let (url, hasher) = (new_database(), hasher(8));
    let stores = join_all((0..3).map(|_| accounts_at(&url, &hasher))).await;
    let ids = join_all(stores.iter().map(|store| store.ping())).await;
    assert!(ids.iter().all(|id| id.as_ref().unwrap() == ids[0].as_ref().unwrap()), "one identity: {ids:?}");
    for round in 0..20 {
        let id = round.to_string();
        let customer = Customer::new(&id, &[&id, &format!("{id}@example.org")]);
        let answers = join_all((0..9).map(|at| customer.create(&stores[at % 3]))).await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Created::New(_))).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Created::Exists(_))).count(), 8, "{answers:?}");
        // customers who share two logins, named in different orders
        let (one, two) = (format!("{id} one"), format!("{id} two"));
        let others = [Customer::new(&format!("a{id}"), &[&one, &two]), Customer::new(&format!("b{id}"), &[&two, &one])];
        let (first, second) = tokio::join!(others[0].create(&stores[0]), others[1].create(&stores[1]));
        let taken = [&first, &second].map(|answer| *answer == Created::Conflict(Conflict::Login));
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{first:?} {second:?}");
    }
    assert_eq!(stores[2].list(call(), None, 1000).await.unwrap().len(), 40);
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn what_was_recorded_is_there_after_a_restart() {
    let url = new_database();
    let ledger = ledger_at(&url).await;
    let token = granted(&ledger, "1").await;
    granted(&ledger, "2").await;
    ledger.finish(&finish("1", token)).await.unwrap();
    ledger.bury(&key("3"), &[], at(0)).await.unwrap();
    // The first instance is still there, as one that stands still.
    let again = Arc::new(ledger_at(&url).await);
    assert_eq!(again.claim(&claim("1")).await.unwrap(), ClaimAnswer::Done(super::account("1")));
    assert_eq!(again.claim(&claim("2")).await.unwrap(), ClaimAnswer::Held);
    assert_eq!(again.claim(&claim("3")).await.unwrap(), ClaimAnswer::Buried);
    assert_eq!(again.verify().await.unwrap().head.number, 1);
    ledger.ping().await.unwrap();
    again.ping().await.unwrap();
}
