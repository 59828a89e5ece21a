//! Thousands of logins while the database restarts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use landfall::migrate::{Outcome, Refusal};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::legacy::Legacy;
use crate::login::{CUSTOMERS, Service, add_customers, query};
use crate::servers::{MARIADB, Options, POSTGRES, Server, Stop, System};

/// Customers who sign in at a time.
const AT_A_TIME: usize = 16;

/// The longest wait for the first success after the server is ready again.
const SOON: Duration = Duration::from_secs(2);

/// What was seen.
#[derive(Default)]
struct Seen {
    next: AtomicUsize,
    temporary: AtomicUsize,
    refused: AtomicUsize,
    successes: Mutex<Vec<Instant>>,
}

/// One worker: each customer signs in until it works. Some type a wrong password, or a name that nobody has.
async fn work(service: Arc<Service>, seen: Arc<Seen>, customers: usize) {
    loop {
        let number = seen.next.fetch_add(1, Ordering::Relaxed);
        if number >= customers {
            return;
        }
        let login = format!("customer-{number}");
        if number.is_multiple_of(10) {
            wrong(&service, &seen, &login, Refusal::WrongPassword).await;
            wrong(&service, &seen, &format!("nobody-{number}"), Refusal::Unknown).await;
        }
        loop {
            let outcome = service.login(&login, &number.to_string()).await;
            if outcome == Outcome::Migrated {
                seen.successes.lock().expect("the times").push(Instant::now());
                break;
            }
            assert!(outcome.is_temporary(), "{login}: {outcome:?}");
            seen.temporary.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn wrong(service: &Service, seen: &Seen, login: &str, refusal: Refusal) {
    let outcome = service.login(login, "wrong").await;
    assert!(outcome.is_temporary() || outcome == Outcome::Refused(refusal), "{login}: {outcome:?}");
    let count = if outcome.is_temporary() { &seen.temporary } else { &seen.refused };
    count.fetch_add(1, Ordering::Relaxed);
}

/// Restarts the server evenly over the logins; returns when it was ready again.
async fn restart(server: &Server, seen: &Seen, customers: usize, stops: &[Stop]) -> Vec<(Stop, Duration, Instant)> {
    let mut ready = Vec::new();
    for (at, stop) in stops.iter().enumerate() {
        let part = customers * (at + 1) / (stops.len() + 1);
        while seen.successes.lock().expect("the times").len() < part {
            sleep(Duration::from_millis(2)).await;
        }
        let began = Instant::now();
        block_in_place(|| {
            server.stop(*stop);
            // long enough to be noticed by everybody
            std::thread::sleep(Duration::from_millis(300));
            server.start_again();
        });
        ready.push((*stop, began.elapsed(), Instant::now()));
    }
    ready
}

async fn storm(system: &'static dyn System, customers: usize, stops: &[Stop]) {
    let server: &'static Server = Box::leak(Box::new(Server::start(system, Options::default())));
    let legacy = Legacy::new(server, CUSTOMERS);
    let logins: Vec<String> = (0..customers).map(|number| format!("customer-{number}")).collect();
    add_customers(&legacy, &logins);
    let service = Arc::new(Service::new(legacy.source(&query(&legacy))));
    let (seen, began) = (Arc::new(Seen::default()), Instant::now());
    let mut workers = JoinSet::new();
    (0..AT_A_TIME).for_each(|_| drop(workers.spawn(work(service.clone(), seen.clone(), customers))));
    let ready = restart(server, &seen, customers, stops).await;
    while let Some(worker) = workers.join_next().await {
        worker.expect("no wrong answer");
    }
    let took = began.elapsed();
    let successes = seen.successes.lock().expect("the times").clone();
    for (stop, down, ready) in ready {
        let first = successes.iter().filter(|at| **at >= ready).min().expect("a success");
        let wait = first.duration_since(ready);
        println!(
            "{}: {stop:?} restart, down for {:.2} s, first success {:.3} s after it was ready",
            system.name(),
            down.as_secs_f64(),
            wait.as_secs_f64()
        );
        assert!(wait < SOON, "{stop:?}: {wait:?}");
    }
    println!(
        "{}: {customers} customers migrated in {:.1} s; {} refusals of wrong passwords and unknown names, {} temporary answers",
        system.name(),
        took.as_secs_f64(),
        seen.refused.load(Ordering::Relaxed),
        seen.temporary.load(Ordering::Relaxed),
    );
    assert_eq!(service.fixture.accounts().await.len(), customers);
    assert!(seen.temporary.load(Ordering::Relaxed) > 0, "nobody noticed the restarts");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn logins_survive_restarts_of_postgres() {
    storm(&POSTGRES, 5000, &[Stop::Orderly, Stop::Abrupt, Stop::Orderly]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs MariaDB; run tests/run"]
async fn logins_survive_restarts_of_mariadb() {
    storm(&MARIADB, 1500, &[Stop::Orderly, Stop::Abrupt]).await;
}
