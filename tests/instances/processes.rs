//! Two processes on one database: each customer signs in eight times at once, the database restarts twice, and one process
//! is killed again and again.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::servers::{Options, POSTGRES, Server, Stop};
use crate::setting::address;
use crate::support::running::Running;
use crate::support::shop::CHEAP;
use crate::support::{BRISK, LONG_QUEUE, Shop, client, customer, password, sign_in};

/// Concurrent logins of one customer.
const AT_ONCE: usize = 8;

/// Customers who sign in at a time.
const WORKERS: usize = 8;

/// A number from the environment, for the full test: `LANDFALL_CROWD=10000 LANDFALL_KILLS=10`.
fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// The two processes, whose addresses change.
struct Processes {
    shop: Shop,
    running: Mutex<[Option<Running>; 2]>,
    bases: Mutex<[String; 2]>,
}

impl Processes {
    fn new(shop: Shop) -> Self {
        let processes = Self { shop, running: Mutex::new([None, None]), bases: Mutex::default() };
        processes.start(0);
        processes.start(1);
        processes
    }

    fn start(&self, at: usize) {
        let running = Running::start(self.shop.folder.path(), &[]);
        self.bases.lock().unwrap()[at] = running.base.clone();
        self.running.lock().unwrap()[at] = Some(running);
    }

    /// Kills a process and starts it again.
    fn restart(&self, at: usize) {
        drop(self.running.lock().unwrap()[at].take());
        self.start(at);
    }

    fn base(&self, at: usize) -> String {
        self.bases.lock().unwrap()[at].clone()
    }

    /// Runs a command of the program; returns what it prints.
    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        let output = command.args(arguments).current_dir(self.shop.folder.path()).output().unwrap();
        let [out, error] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        assert!(output.status.success(), "{arguments:?}: {out}{error}");
        out
    }
}

/// One login until somebody answers it. Returns the status.
async fn answered(client: &reqwest::Client, processes: &Processes, at: usize, number: usize, password: &str) -> u16 {
    loop {
        match sign_in(client, &processes.base(at), &format!("customer{number}"), password).await {
            Some(503) | None => sleep(Duration::from_millis(30)).await,
            Some(status) => return status,
        }
    }
}

async fn work(processes: Arc<Processes>, next: Arc<AtomicUsize>, customers: usize) {
    let client = client();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= customers {
            return;
        }
        let right = password(number);
        let logins = (0..AT_ONCE).map(|at| answered(&client, &processes, at % 2, number, &right));
        let wrong = answered(&client, &processes, number % 2, number, "wrong");
        let (statuses, refused) = tokio::join!(futures_util::future::join_all(logins), wrong);
        assert_eq!(refused, 401, "customer {number}");
        assert!(statuses.iter().all(|status| *status == 200), "customer {number}: {statuses:?}");
    }
}

/// Restarts the database twice and kills a process, evenly over the logins.
async fn disturb(server: &Server, processes: &Processes, next: &AtomicUsize, customers: usize, kills: usize) {
    let parts = kills + 2;
    for part in 0..parts {
        while next.load(Ordering::Relaxed) < customers * (part + 1) / (parts + 1) {
            sleep(Duration::from_millis(5)).await;
        }
        block_in_place(|| match part {
            _ if part == parts / 3 => server.restart(Stop::Abrupt),
            _ if part == 2 * parts / 3 => server.restart(Stop::Orderly),
            _ => processes.restart(part % 2),
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn two_processes_migrate_every_customer_once_while_everything_restarts() {
    let (customers, kills) = (number("LANDFALL_CROWD", 300), number("LANDFALL_KILLS", 4));
    let server = Server::start(&POSTGRES, Options::default());
    let database = server.create_database();
    let shop = Shop::new((0..customers).map(customer), &format!("{CHEAP}{LONG_QUEUE}{BRISK}"));
    let settings = std::fs::read_to_string(shop.path("landfall.yaml")).unwrap();
    let settings = ["sqlite:accounts.db", "sqlite:ledger.db"]
        .iter()
        .fold(settings, |settings, file| settings.replace(file, "file:database.url"));
    std::fs::write(shop.path("landfall.yaml"), settings).unwrap();
    shop.secret("database.url", &address(&server, &database));

    let processes = Arc::new(Processes::new(shop));
    let (next, began, mut workers) = (Arc::new(AtomicUsize::new(0)), Instant::now(), JoinSet::new());
    for _ in 0..WORKERS {
        workers.spawn(work(Arc::clone(&processes), Arc::clone(&next), customers));
    }
    let all = async {
        while let Some(worker) = workers.join_next().await {
            worker.expect("no wrong answer");
        }
    };
    tokio::join!(disturb(&server, &processes, &next, customers, kills), all);
    let took = began.elapsed().as_secs_f64();
    println!("{customers} customers × {AT_ONCE} logins, {kills} kills and 2 restarts of the database: {took:.1} s");

    // the customers sign in without the legacy system
    std::fs::remove_file(processes.shop.path("export.ndjson")).unwrap();
    let (client, mut checked) = (client(), BTreeSet::new());
    for number in 0..customers {
        assert_eq!(answered(&client, &processes, number % 2, number, &password(number)).await, 200);
        checked.insert(number);
    }
    assert_eq!(checked.len(), customers);
    let count = |sql: &str| server.sql(&database, sql);
    let expected = customers.to_string();
    assert_eq!(count("SELECT count(*) FROM landfall_accounts;"), expected);
    assert_eq!(count("SELECT count(*) FROM landfall_entries WHERE state = 'done';"), expected);
    let made =
        "SELECT count(*), count(DISTINCT customer) FROM landfall_audit WHERE outcome IN ('migrated', 'recovered');";
    assert_eq!(count(made), format!("{expected}\t{expected}"), "one decision for each account");
    let status = processes.run(&["status", "--format", "json"]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["migrated"], customers, "{status}");
    processes.run(&["audit", "verify"]);
    // the export is gone, so only the databases can be tried out
    let mut check = Command::new(env!("CARGO_BIN_EXE_landfall"));
    check.args(["check", "--config", "landfall.yaml", "--connect"]).current_dir(processes.shop.folder.path());
    let shown = String::from_utf8(check.output().unwrap().stdout).unwrap();
    assert!(shown.contains("ledger: connected") && shown.contains("tables of version "), "{shown}");
}
