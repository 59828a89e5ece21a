//! A thousand customers who sign in eight times at once through a product that repeats its questions, while the program is
//! killed again and again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use landfall::bridge::Kind;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::clients::{self, Client, Decision};
use crate::crowd::{Crowd, customer, password};
use crate::ledger::{count, open};

/// Logins of each customer, which begin together.
const AT_ONCE: usize = 8;

/// Customers who sign in at a time.
const WORKERS: usize = 8;

/// How often a product or its customer asks again.
const PATIENCE: usize = 200;

/// Short timeouts, and no limit on attempts.
const BRISK: &str = "\
login: { floor: 1ms, quantum: 1ms, deadline: 1500ms, lease: 1600ms, attempts: { customer: { limit: 1000, window: 15m }, network: { limit: 1000000, window: 15m } } }
lane: { queue: 4096 }
";

/// A number from the environment, for the full test: `LANDFALL_CROWD=1000 LANDFALL_KILLS=10`.
fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The client of Keycloak, and two others of different topologies.
fn three() -> Vec<Arc<dyn Client>> {
    let (mut first, mut others, mut topologies) = (Vec::new(), Vec::new(), Vec::new());
    let mut all = clients::all();
    all.sort_by_key(|client| client.kind() != "keycloak");
    for client in all {
        let topology = Kind::named(client.kind()).expect("a dialect").topology;
        let is_new = !topologies.contains(&topology);
        topologies.push(topology);
        if is_new { first.push(Arc::from(client)) } else { others.push(Arc::from(client)) }
    }
    first.into_iter().chain(others).take(3).collect()
}

/// What was seen.
#[derive(Default)]
struct Seen {
    next: AtomicUsize,
    unanswered: AtomicUsize,
    /// Answers that the product takes for an outage, or, if it cannot tell, for a wrong password.
    put_off: AtomicUsize,
}

/// Longer than any claim lasts.
const SETTLED: Duration = Duration::from_secs(30);

fn name(number: usize) -> String {
    format!("c{number}")
}

/// One login with the right password, until the customer is in.
async fn gets_in(crowd: &Arc<Crowd>, name: &str, seen: &Seen) {
    let login = if name.len().is_multiple_of(2) { name.to_owned() } else { name.to_uppercase() };
    let mut last = String::new();
    for _ in 0..PATIENCE {
        match crowd.sign_in(&login, &password(name)).await {
            Some(answer) if answer.decision.is_signed_in() => return,
            // a product may have no way to tell an outage from a wrong password
            Some(answer) => {
                seen.put_off.fetch_add(1, Ordering::Relaxed);
                last = answer.raw;
            }
            None => drop(seen.unanswered.fetch_add(1, Ordering::Relaxed)),
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{}: {name} does not get in: {last}", crowd.kind());
}

/// One login with a wrong password, until it is answered.
async fn stays_out(crowd: &Arc<Crowd>, name: &str) {
    loop {
        match crowd.sign_in(name, "not the password of anybody").await.map(|seen| seen.decision) {
            Some(Decision::Refused) => return,
            Some(Decision::SignedIn { .. }) => panic!("{}: {name} is in with a wrong password", crowd.kind()),
            Some(Decision::Unavailable) | None => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn work(crowd: Arc<Crowd>, seen: Arc<Seen>, customers: usize) {
    loop {
        let number = seen.next.fetch_add(1, Ordering::Relaxed);
        if number >= customers {
            return;
        }
        let name = name(number);
        let logins = (0..AT_ONCE).map(|_| gets_in(&crowd, &name, &seen));
        tokio::join!(futures_util::future::join_all(logins), stays_out(&crowd, &name));
    }
}

/// Kills the program evenly over the logins, and starts it again.
async fn kill(crowd: &Crowd, seen: &Seen, customers: usize, kills: usize) {
    for at in 0..kills {
        while seen.next.load(Ordering::Relaxed) < customers * (at + 1) / (kills + 1) {
            sleep(Duration::from_millis(2)).await;
        }
        block_in_place(|| {
            crowd.kill();
            crowd.resume();
        });
    }
}

/// Everybody once more, a few at a time; returns who gets in.
async fn all_again(crowd: &Arc<Crowd>, customers: usize) -> BTreeSet<usize> {
    let mut in_again = BTreeSet::new();
    for from in (0..customers).step_by(WORKERS) {
        let asked = (from..customers.min(from + WORKERS)).map(|number| async move {
            let name = name(number);
            let seen = crowd.sign_in(&format!("{name}@example.org"), &password(&name)).await.expect("an answer");
            (number, seen.decision)
        });
        for (number, decision) in futures_util::future::join_all(asked).await {
            match decision {
                Decision::SignedIn { .. } => drop(in_again.insert(number)),
                Decision::Refused => {}
                Decision::Unavailable => panic!("{}: customer {number}: nothing is out of order", crowd.kind()),
            }
        }
    }
    in_again
}

/// The ledger names every customer once, and the audit is whole.
async fn books(crowd: &Crowd, customers: usize) {
    let expected = i64::try_from(customers).expect("few");
    let ledger = open(&crowd.folder.path().join("ledger.db")).await;
    // a creation that was interrupted by a kill is settled when its claim has ended
    let began = Instant::now();
    while count(&ledger, "SELECT COUNT(*) FROM entries WHERE state <> 'done'").await > 0 && began.elapsed() < SETTLED {
        sleep(Duration::from_millis(100)).await;
    }
    for (what, query) in [
        ("entries", "SELECT COUNT(*) FROM entries"),
        ("customers", "SELECT COUNT(DISTINCT legacy_id) FROM entries WHERE state = 'done' AND verified_at IS NOT NULL"),
        ("accounts", "SELECT COUNT(DISTINCT account) FROM entries WHERE state = 'done'"),
        ("creations", "SELECT COUNT(*) FROM audit WHERE outcome IN ('migrated', 'recovered')"),
        ("created", "SELECT COUNT(DISTINCT customer) FROM audit WHERE outcome IN ('migrated', 'recovered')"),
    ] {
        assert_eq!(count(&ledger, query).await, expected, "{}: {what}", crowd.kind());
    }
    ledger.close().await;
    let status: serde_json::Value =
        serde_json::from_str(&crowd.landfall(&["status", "--format", "json"])).expect("JSON");
    assert_eq!(status["migrated"], customers, "{}: {status}", crowd.kind());
    crowd.landfall(&["audit", "verify"]);
}

async fn storm(client: Arc<dyn Client>) {
    let (customers, kills) = (number("LANDFALL_CROWD", 200), number("LANDFALL_KILLS", 3));
    let records: Vec<_> = (0..customers).map(|number| customer(&name(number))).collect();
    let crowd = Arc::new(Crowd::start(client, &records, ", repeat: 2h", BRISK));
    let (seen, began, mut workers) = (Arc::new(Seen::default()), Instant::now(), JoinSet::new());
    for _ in 0..WORKERS {
        workers.spawn(work(Arc::clone(&crowd), Arc::clone(&seen), customers));
    }
    let all = async {
        while let Some(worker) = workers.join_next().await {
            worker.expect("no wrong answer");
        }
    };
    tokio::join!(kill(&crowd, &seen, customers, kills), all);
    let took = began.elapsed().as_secs_f64();
    println!(
        "{}: {customers} customers × {AT_ONCE} logins and a wrong one, {kills} kills: {took:.1} s, {:.0} logins/s, {} \
         unanswered, {} put off",
        crowd.kind(),
        (customers * (AT_ONCE + 1)) as f64 / took,
        seen.unanswered.load(Ordering::Relaxed),
        seen.put_off.load(Ordering::Relaxed),
    );
    assert_eq!(all_again(&crowd, customers).await.len(), customers, "{}: nobody is lost", crowd.kind());
    books(&crowd, customers).await;
    // once nobody may repeat, only a target that verifies lets somebody in
    crowd.kill();
    crowd.settings(", repeat: 0s", BRISK);
    crowd.resume();
    let expected = if crowd.hands_over() { 0 } else { customers };
    assert_eq!(all_again(&crowd, customers).await.len(), expected, "{}", crowd.kind());
    books(&crowd, customers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_customer_is_handed_over_once_while_the_program_is_killed() {
    for client in three() {
        storm(client).await;
    }
}
