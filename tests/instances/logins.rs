//! Hundreds of customers who sign in at two instances at the same time, while the database restarts and crashes.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use landfall::migrate::{Outcome, Refusal};
use landfall::ports::{AuditFilter, Call, EventKind, Subscription};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::fixture::{Fixture, customer};
use crate::servers::{Options, POSTGRES, Server, Stop};
use crate::setting::{Instance, LEASE, address};

/// Customers.
const CUSTOMERS: usize = 400;

/// Logins of each customer, which begin together.
const AT_ONCE: usize = 8;

/// Customers who sign in at a time.
const WORKERS: usize = 8;

/// What was seen.
#[derive(Default)]
struct Seen {
    next: AtomicUsize,
    temporary: AtomicUsize,
    /// How often each customer was told that the account was created.
    migrated: Mutex<BTreeMap<String, usize>>,
}

/// One login until it has a definite answer.
async fn sign_in(instance: &Instance, name: &str, password: &str, seen: &Seen) -> Outcome {
    loop {
        let outcome = instance.login(name, password).await;
        if !outcome.is_temporary() {
            return outcome;
        }
        seen.temporary.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
    }
}

async fn work(instances: Arc<[Instance; 2]>, seen: Arc<Seen>) {
    loop {
        let number = seen.next.fetch_add(1, Ordering::Relaxed);
        if number >= CUSTOMERS {
            return;
        }
        let (name, password) = (format!("c{number}"), format!("secret c{number}"));
        let logins = (0..AT_ONCE).map(|at| sign_in(&instances[at % 2], &name, &password, &seen));
        let wrong = sign_in(&instances[number % 2], &name, "wrong", &seen);
        let (outcomes, refused) = tokio::join!(futures_util::future::join_all(logins), wrong);
        let is_wrong =
            [Refusal::WrongPassword, Refusal::WrongPasswordAtTarget].map(Outcome::Refused).contains(&refused);
        assert!(is_wrong, "{name}: {refused:?}");
        for outcome in outcomes {
            match outcome {
                Outcome::Migrated => *seen.migrated.lock().unwrap().entry(name.clone()).or_default() += 1,
                Outcome::Authenticated => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// Recovers once in a while, as a service does.
async fn recover(instances: Arc<[Instance; 2]>, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        for instance in &*instances {
            // an outage while the server is away
            let _ = instance.migrator.recover().await;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Waits for the end of claims whose logins failed.
async fn wait_for_recovery(instance: &Instance) {
    let began = Instant::now();
    while instance.open.reports.summary(jiff::Timestamp::now()).await.unwrap().creating > 0 {
        assert!(began.elapsed() < 5 * LEASE, "nothing is recovered");
        sleep(Duration::from_millis(100)).await;
    }
}

/// How a server fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Stop(Stop),
    /// All of its processes are killed.
    Crash,
    /// One of its connections is killed, and so it ends all others, and recovers.
    KilledConnection,
}

const FAULTS: [Fault; 4] =
    [Fault::Stop(Stop::Abrupt), Fault::Crash, Fault::KilledConnection, Fault::Stop(Stop::Orderly)];

impl Fault {
    /// Returns when the server works again.
    fn happen(self, server: &Server, database: &str) {
        match self {
            Self::Stop(stop) => server.stop(stop),
            Self::Crash => server.crash(),
            Self::KilledConnection => {
                let sql = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                           AND datname = current_database() LIMIT 1;";
                let killed = Command::new("kill").args(["-KILL", &server.sql(database, sql)]).status();
                assert!(killed.expect("kill").success());
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(300));
        server.start_again();
    }
}

/// Waits until so many customers have begun.
async fn wait_for(seen: &Seen, customers: usize) {
    while seen.next.load(Ordering::Relaxed) < customers {
        sleep(Duration::from_millis(2)).await;
    }
}

/// Lets the server fail evenly over the logins. An outage is over when the server is back.
async fn fail(server: &Server, database: &str, seen: &Seen) {
    for (at, fault) in FAULTS.into_iter().enumerate() {
        wait_for(seen, CUSTOMERS * (at + 1) / (FAULTS.len() + 1)).await;
        block_in_place(|| fault.happen(server, database));
        let enough = seen.next.load(Ordering::Relaxed) + 2 * WORKERS;
        let back = tokio::time::timeout(Duration::from_secs(10), wait_for(seen, enough)).await;
        assert!(back.is_ok(), "{fault:?}: nobody signs in");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn every_customer_is_migrated_once_while_the_database_fails() {
    let server: &'static Server = Box::leak(Box::new(Server::start(&POSTGRES, Options::default())));
    let database = server.create_database();
    let url = address(server, &database);
    let fixture = Fixture::new();
    (0..CUSTOMERS).for_each(|number| fixture.legacy(&customer(&format!("c{number}"))));
    let instances = Arc::new([Instance::start(&fixture, &url).await, Instance::start(&fixture, &url).await]);
    let (seen, over, began) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)), Instant::now());
    let recovering = tokio::spawn(recover(Arc::clone(&instances), Arc::clone(&over)));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(Arc::clone(&instances), Arc::clone(&seen)));
    }
    let all = async {
        while let Some(worker) = workers.join_next().await {
            worker.expect("no wrong answer");
        }
    };
    tokio::join!(fail(server, &database, &seen), all);
    let took = began.elapsed();
    wait_for_recovery(&instances[0]).await;
    over.store(true, Ordering::Relaxed);
    recovering.await.unwrap();
    let temporary = seen.temporary.load(Ordering::Relaxed);
    println!("{CUSTOMERS} customers × {AT_ONCE} logins in {:.1} s, {temporary} temporary answers", took.as_secs_f64());
    assert!(temporary > 0, "nobody noticed the faults");

    let told = seen.migrated.lock().unwrap().clone();
    assert!(told.values().all(|count| *count == 1), "told twice: {told:?}");
    let [one, other] = &*instances;
    let accounts = one.target.list(Call::outside_login("r1"), None, 10 * CUSTOMERS).await.unwrap();
    assert_eq!(accounts.len(), CUSTOMERS);
    let now = jiff::Timestamp::now();
    let summary = other.open.reports.summary(now).await.unwrap();
    let states = (summary.migrated, summary.creating, summary.abandoned, summary.pending);
    assert_eq!(states, (u64::try_from(CUSTOMERS).unwrap(), 0, 0, 0));
    let report = other.open.reports.verify().await.unwrap();
    assert_eq!(report.broken, None);
    // one decision made each customer's account, and each of them has one event
    let mut made = 0;
    for outcome in ["migrated", "recovered"] {
        let filter = AuditFilter { outcome: Some(outcome.to_owned()), ..AuditFilter::default() };
        made += one.open.reports.audit(filter, 10 * CUSTOMERS).await.unwrap().len();
    }
    assert_eq!(made, CUSTOMERS);
    let migrated = [Subscription::new("crm", &[EventKind::Migrated])];
    while one.open.outbox.route(&migrated, now, 1000).await.unwrap() > 0 {}
    let events = other.open.outbox.due(&migrated[0], now, Duration::from_secs(60), 10 * CUSTOMERS).await.unwrap();
    assert_eq!(events.len(), CUSTOMERS);
    // nobody's success was lost
    for number in 0..CUSTOMERS {
        let (name, password) = (format!("c{number}"), format!("secret c{number}"));
        assert_eq!(other.login(&name, &password).await, Outcome::Authenticated, "{name}");
    }
}
