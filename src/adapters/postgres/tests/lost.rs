//! Connections that break at the commit: the server gets it, does not get it, or gets it later.

use std::time::Duration;

use super::{claim, finish, granted, key};
use crate::adapters::postgres::{AccountStore, PostgresLedger};
use crate::adapters::suites::ledger::{at, decision};
use crate::adapters::suites::nonces::{NOW, nonce};
use crate::adapters::suites::postgres::servers::proxy::{Loss, Mode, Proxy};
use crate::adapters::suites::postgres::servers::{ADMIN, Server};
use crate::adapters::suites::postgres::{accounts_at, ledger_at, plain_server};
use crate::adapters::suites::target::{Customer, call, hasher, new_id, password, second, soon};
use crate::ports::{
    AccountState, Attempt, ClaimAnswer, Counter, Created, Deleted, Deletion, EntryState, Finished, Fresh, Ledger as _,
    Nonces as _, Outbox as _, PortErrorKind, Reports as _, Reserved, Subscription, Target as _, Undo, UndoAnswer,
    UndoEnd,
};

/// The message that commits.
const COMMIT: &[u8] = b"COMMIT\0";

/// What may happen to it. The late one arrives while its outcome is looked up.
const LOSSES: [Loss; 3] = [Loss::Message, Loss::Answer, Loss::Late(Duration::from_millis(250))];

/// A database behind a proxy.
struct Way {
    server: &'static Server,
    database: String,
    proxy: Proxy,
}

impl Way {
    fn new() -> Self {
        let server = plain_server();
        Self { server, database: server.create_database(), proxy: Proxy::to(server.address()) }
    }

    fn url(&self) -> String {
        let url = self.server.url_at(self.proxy.address, ADMIN.0, ADMIN.1, &self.database);
        format!("{url}?sslmode=disable")
    }

    /// Loses the next commit of this work, which happens.
    async fn losing<T>(&self, loss: Loss, work: impl Future<Output = T>) -> T {
        self.proxy.lose(COMMIT, loss);
        let answer = work.await;
        assert!(!self.proxy.awaits_loss(), "nothing was committed");
        answer
    }

    fn rows(&self, table: &str) -> String {
        self.server.sql(&self.database, &format!("SELECT count(*) FROM {table};"))
    }
}

async fn ledger() -> (Way, PostgresLedger) {
    let way = Way::new();
    let ledger = ledger_at(&way.url()).await;
    (way, ledger)
}

async fn store() -> (Way, AccountStore) {
    let way = Way::new();
    let store = accounts_at(&way.url(), &hasher(8)).await;
    (way, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_claim_whose_commit_was_lost_is_granted_once() {
    let (way, ledger) = ledger().await;
    let other = ledger_at(&way.url()).await;
    for (at, loss) in LOSSES.into_iter().enumerate() {
        let id = at.to_string();
        let token = way.losing(loss, granted(&ledger, &id)).await;
        assert_eq!(ledger.entry(&key(&id)).await.unwrap().unwrap().token, token, "{loss:?}");
        assert_eq!(other.claim(&claim(&id)).await.unwrap(), ClaimAnswer::Held);
        let ended = finish(&id, token);
        assert_eq!(way.losing(loss, ledger.finish(&ended)).await.unwrap(), Finished::Done, "{loss:?}");
        assert_eq!(ledger.entry(&key(&id)).await.unwrap().unwrap().state, EntryState::Done);
        assert_eq!(ledger.finish(&ended).await.unwrap(), Finished::Lost);
    }
    let report = ledger.verify().await.unwrap();
    assert_eq!((report.head.number, report.broken), (3, None), "one decision for each customer");
    assert_eq!(way.rows("landfall_outbox"), "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_decision_whose_commit_was_lost_is_recorded_once() {
    let (way, ledger) = ledger().await;
    for (round, loss) in LOSSES.into_iter().enumerate() {
        let seconds = i64::try_from(round).unwrap();
        let decisions: Vec<_> = (0..8).map(|_| decision("refused", seconds)).collect();
        let work = futures_util::future::join_all(decisions.iter().map(|decision| ledger.decide(decision, &[])));
        let answers = way.losing(loss, work).await;
        assert!(answers.iter().all(Result::is_ok), "{loss:?} {answers:?}");
        assert_eq!(ledger.verify().await.unwrap().head.number, 8 * (u64::try_from(round).unwrap() + 1), "{loss:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn attempts_and_calls_whose_commit_was_lost_count_once() {
    let (way, ledger) = ledger().await;
    for (number, loss) in LOSSES.into_iter().enumerate() {
        let counter =
            Counter { owner: format!("{loss:?}"), lane: String::new(), limit: 1, window: Duration::from_secs(64) };
        let attempt = Attempt { counter, network: None, at: at(0), hold: Duration::from_secs(60) };
        let reserved = way.losing(loss, ledger.reserve(&attempt)).await.unwrap();
        assert!(matches!(reserved, Reserved::Admitted(_)), "{loss:?} {reserved:?}");
        assert_eq!(ledger.reserve(&attempt).await.unwrap(), Reserved::Busy);
        let signed = nonce(u32::try_from(number).unwrap(), NOW, NOW);
        ledger.remember(&nonce(99, NOW, NOW)).await.unwrap();
        assert_eq!(way.losing(loss, ledger.remember(&signed)).await.unwrap(), Fresh::First, "{loss:?}");
        assert_eq!(ledger.remember(&signed).await.unwrap(), Fresh::Seen);
    }
    assert_eq!(way.rows("landfall_reservations"), "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn an_undo_whose_commits_were_lost_happens_once() {
    let (way, ledger) = ledger().await;
    for (number, loss) in LOSSES.into_iter().enumerate() {
        let id = number.to_string();
        let token = granted(&ledger, &id).await;
        ledger.finish(&finish(&id, token)).await.unwrap();
        let undo = Undo { key: key(&id), account: super::account(&id), at: at(1), lease: Duration::from_secs(9) };
        let UndoAnswer::Begun(token) = way.losing(loss, ledger.undo(&undo)).await.unwrap() else {
            panic!("{loss:?}: the undo waits for itself")
        };
        assert_eq!(ledger.undo(&undo).await.unwrap(), UndoAnswer::Busy);
        let end = UndoEnd::Forget { key: key(&id), token, decision: Box::new(decision("undone", 2)) };
        assert_eq!(way.losing(loss, ledger.end_undo(&end)).await.unwrap(), Finished::Done, "{loss:?}");
        assert_eq!(ledger.entry(&key(&id)).await.unwrap(), None);
    }
    assert_eq!(ledger.verify().await.unwrap().head.number, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn events_whose_commit_was_lost_are_sent_later() {
    let (way, ledger) = ledger().await;
    let crm = [Subscription::new("crm", &crate::ports::EventKind::ALL)];
    ledger.decide(&decision("migrated", 0), &[super::event("1")]).await.unwrap();
    // the repetition skips what the lost transaction still locks
    way.losing(Loss::Late(Duration::from_millis(100)), ledger.route(&crm, at(2), 9)).await.unwrap();
    while way.rows("landfall_deliveries") != "1" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let due = async |seconds| ledger.due(&crm[0], at(seconds), Duration::from_secs(30), 9).await.unwrap();
    // the lost commit took effect, so the event is leased, and nobody got it
    let lost = way.losing(Loss::Answer, due(3)).await;
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(due(40).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn an_account_whose_commit_was_lost_is_created_once() {
    let (way, store) = store().await;
    for (number, loss) in LOSSES.into_iter().enumerate() {
        let id = number.to_string();
        let customer = Customer::new(&id, &[&id]);
        let created = new_id(way.losing(loss, customer.create(&store)).await);
        assert_eq!(customer.create(&store).await, Created::Exists(created.clone()), "{loss:?}");
        let deletion = Deletion::Unchanged { until: soon() };
        let deleted = way.losing(loss, store.delete(call(), &created, deletion)).await.unwrap();
        assert_eq!(deleted, Deleted::Yes, "{loss:?}");
        // a pending account that gets its password
        let pending = Customer { password: None, ..Customer::new(&format!("p{id}"), &[&format!("p{id}")]) };
        let waits = new_id(pending.create(&store).await);
        let complete = Customer { password: Some(password("correct horse")), ..pending };
        assert_eq!(way.losing(loss, complete.create(&store)).await, Created::New(waits.clone()), "{loss:?}");
        let found = store.find_created(call(), &complete.external).await.unwrap().unwrap();
        assert_eq!((&found.id, found.state), (&waits, AccountState::Active));
        let set = way.losing(loss, store.set_password(call(), &waits, &password("new"), second(9))).await.unwrap();
        assert_eq!(set.as_ref(), Some(&waits));
        let deleted = way.losing(loss, store.delete(call(), &waits, Deletion::ForGood)).await.unwrap();
        assert_eq!(deleted, Deleted::Yes, "{loss:?}");
    }
    assert_eq!((way.rows("landfall_accounts"), way.rows("landfall_closed")), ("0".to_owned(), "3".to_owned()));
}

/// The lookup fails as well: nobody is told that it worked, or that it did not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_commit_that_cannot_be_looked_up_is_an_outage() {
    let (way, ledger) = ledger().await;
    way.proxy.lose(COMMIT, Loss::Answer);
    let (asked, cut) = (claim("1"), async {
        while way.proxy.awaits_loss() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        way.proxy.set(Mode::Reject);
        way.proxy.cut();
    });
    let (answer, ()) = tokio::join!(ledger.claim(&asked), cut);
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), PortErrorKind::Unavailable);
    assert!(error.detail().contains("during the commit"), "{error}");
    way.proxy.set(Mode::Forward);
    assert_eq!(ledger.claim(&asked).await.unwrap(), ClaimAnswer::Held, "recovery ends it");
}

/// A host that vanishes closes no connection. Nothing waits for it longer than a call may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_server_that_vanishes_without_a_word_is_an_outage_that_ends() {
    let [(recorder, one), (writer, two)] = [ledger().await, ledger().await];
    let (recorded, asked) = (decision("refused", 0), claim("1"));
    let began = std::time::Instant::now();
    let (decided, claimed) = tokio::join!(
        recorder.losing(Loss::Silence, one.decide(&recorded, &[])),
        writer.losing(Loss::Silence, two.claim(&asked)),
    );
    let errors = [decided.unwrap_err(), claimed.unwrap_err()];
    assert!(errors.iter().all(|error| error.kind() == PortErrorKind::Unavailable), "{errors:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    // the server has rolled both back, and the next connection works at once
    let began = std::time::Instant::now();
    one.decide(&recorded, &[]).await.unwrap();
    granted(&two, "1").await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(one.verify().await.unwrap().head.number, 1);
}

/// A process that stands still within a transaction loses it, and its locks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn an_instance_that_stands_still_holds_nobody_up_for_long() {
    let (way, ledger) = ledger().await;
    let other = ledger_at(&way.server.url(ADMIN.0, ADMIN.1, &way.database)).await;
    // the commit never arrives, and the connection stays open: the head of the audit is locked
    way.proxy.lose(COMMIT, Loss::Late(Duration::from_secs(30)));
    let stuck = decision("refused", 0);
    let lost = tokio::time::timeout(Duration::from_secs(1), ledger.decide(&stuck, &[])).await;
    assert!(lost.is_err(), "{lost:?}");
    let began = std::time::Instant::now();
    other.decide(&decision("refused", 1), &[]).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    let report = other.verify().await.unwrap();
    assert_eq!(report.broken, None);
}
