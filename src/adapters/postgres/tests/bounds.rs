//! What one customer, one flood or one broken caller can do to the tables of everybody.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};

use crate::adapters::postgres::PostgresLedger;
use crate::adapters::suites::attempts::{counter, fail, reserve};
use crate::adapters::suites::ledger::{at, decision};
use crate::adapters::suites::nonces::{NOW, nonce, remember};
use crate::adapters::suites::postgres::{ledger_at, new_database, server};
use crate::ports::{
    Decision, DecisionReason, Fresh, Ledger as _, Nonces as _, PortErrorKind, Reports as _, Room, Settled,
};

fn rows(url: &str, table: &str) -> i64 {
    let database = url.rsplit('/').next().unwrap();
    server().sql(database, &format!("SELECT count(*) FROM {table};")).parse().unwrap()
}

/// A text that the database cannot store fails alone, also in a group.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_decision_that_cannot_be_stored_fails_alone() {
    let ledger = ledger_at(&new_database()).await;
    let decisions: Vec<Decision> = (0..40)
        .map(|number| {
            let text = if number % 10 == 3 { "a\0b" } else { "fine" };
            Decision { reason: DecisionReason::Rule(text.to_owned()), ..decision("denied_by_rule", number) }
        })
        .collect();
    let answers = join_all(decisions.iter().map(|decision| ledger.decide(decision, &[]))).await;
    for (number, answer) in answers.iter().enumerate() {
        match answer {
            Ok(()) => assert_ne!(number % 10, 3),
            Err(error) => {
                assert_eq!((number % 10, error.kind()), (3, PortErrorKind::BadResponse), "{error}");
                assert!(error.is_about_one_record());
            }
        }
    }
    let report = ledger.verify().await.unwrap();
    assert_eq!((report.head.number, report.broken), (36, None));
}

/// Each failure has its own identifier and network.
async fn flood(ledger: &PostgresLedger, seconds: i64) {
    let failed = |number: i64| {
        let owners = [format!("name {seconds} {number}"), format!("network {seconds} {number}")];
        let settled = owners.map(|owner| Settled::Failed(counter(&owner, 5))).to_vec();
        Decision { settled, ..decision("refused", seconds) }
    };
    let decisions: Vec<Decision> = (0..10).map(failed).collect();
    let answers = join_all(decisions.iter().map(|decision| ledger.decide(decision, &[]))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn the_tables_stay_within_their_bound_under_a_flood() {
    let url = new_database();
    let ledger = ledger_at(&url).await;
    fail(&ledger, 0, &counter("ada", 1)).await;
    // reservations that nobody ends
    for name in 0..20 {
        reserve(&ledger, 0, &counter(&format!("held {name}"), 1)).await;
    }
    for second in 0..30 {
        flood(&ledger, second).await;
    }
    assert_eq!(rows(&url, "landfall_attempts"), 30 * 20 + 1, "no failure makes room for another");
    assert_eq!(ledger.would_admit(&counter("ada", 1), at(30)).await.unwrap(), Room::Full);
    for second in 200..230 {
        flood(&ledger, second).await;
    }
    // expired rows are removed after the answer
    let began = std::time::Instant::now();
    while (rows(&url, "landfall_attempts"), rows(&url, "landfall_reservations")) != (30 * 20, 0) {
        assert!(began.elapsed() < Duration::from_secs(10), "expired rows stay");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Somebody else holds the row of a call; its caller gives up, and sends it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_call_that_could_not_be_remembered_may_be_sent_again() {
    let url = new_database();
    let (one, two) = (ledger_at(&url).await, ledger_at(&url).await);
    let mut other = PgConnection::connect(&url).await.unwrap();
    for (number, again) in [(1, &one), (2, &two)] {
        let call = nonce(number, NOW, NOW);
        let mut held = other.begin().await.unwrap();
        let sql = "INSERT INTO landfall_nonces (digest, owner, signed_at) VALUES ($1, $1, 0)";
        sqlx::query(sql).bind(call.digest.as_slice()).execute(&mut *held).await.unwrap();
        let late = tokio::time::timeout(Duration::from_millis(100), one.remember(&call)).await;
        assert!(late.is_err(), "{late:?}");
        held.rollback().await.unwrap();
        // the row of the first try, if it was written at all, is gone once its process has deleted it
        remember(&one, number + 100, NOW, NOW).await;
        let mut fresh = again.remember(&call).await.unwrap();
        for _ in 0..20 {
            if fresh == Fresh::First {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            fresh = again.remember(&call).await.unwrap();
        }
        assert_eq!(fresh, Fresh::First, "{number}");
        assert_eq!(remember(&two, number, NOW, NOW).await, Fresh::Seen);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn old_calls_are_forgotten() {
    let url = new_database();
    let ledger = ledger_at(&url).await;
    for number in 0..40 {
        assert_eq!(remember(&ledger, number, NOW, NOW).await, Fresh::First);
    }
    for number in 100..110 {
        assert_eq!(remember(&ledger, number, NOW + 601, NOW + 601).await, Fresh::First);
    }
    assert_eq!(rows(&url, "landfall_nonces"), 10);
}
