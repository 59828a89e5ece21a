//! How many decisions the one chain of the audit takes, with a server that waits for the disk.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use landfall::ports::{Decision, DecisionOutcome, DecisionReason, OpenLedger, Operation};

use crate::servers::{Options, POSTGRES, Server};
use crate::setting::{address, ledger};

/// Decisions of one caller, one after the other, in a second.
async fn decide(ledger: &OpenLedger, until: Instant) -> usize {
    let mut decided = 0;
    while Instant::now() < until {
        let decision = Decision {
            at: jiff::Timestamp::now(),
            request_id: "01a2074e-2152-7377-8b8f-000000000000".to_owned(),
            operation: Operation::Login,
            outcome: DecisionOutcome::Authenticated,
            reason: DecisionReason::None,
            subject: "0123456789abcdef0123456789abcdef".to_owned(),
            customer: None,
            account: None,
            source: None,
            rules: None,
            micros: 1000,
            count: 1,
            settled: Vec::new(),
        };
        ledger.ledger.decide(&decision, &[]).await.expect("recorded");
        decided += 1;
    }
    decided
}

/// More callers do not wait longer for the lock: their decisions share commits. The figures are printed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn the_audit_takes_more_decisions_than_a_machine_can_hash_passwords() {
    let options = Options::default().set("fsync", "on").set("full_page_writes", "on");
    let server = Server::start(&POSTGRES, options);
    let url = address(&server, &server.create_database());
    let mut best = 0.0_f64;
    for (instances, callers) in [(1, 1), (1, 64), (2, 64), (4, 64)] {
        let ledgers = join_all((0..instances).map(|_| ledger(&url))).await;
        let time = Duration::from_secs(2);
        let until = Instant::now() + time;
        let decided: usize =
            join_all((0..callers).map(|at| decide(&ledgers[at % instances], until))).await.into_iter().sum();
        let rate = f64::from(u32::try_from(decided).unwrap()) / time.as_secs_f64();
        println!("{instances} instances, {callers} callers: {rate:.0} decisions per second");
        best = best.max(rate);
    }
    // 100 logins a second are what the hashing lane of two cores completes
    assert!(best > 400.0, "{best}");
}
