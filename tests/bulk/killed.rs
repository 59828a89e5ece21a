//! Runs that are killed and started again, while customers sign in: every customer has one account.
//!
//! The full test: `LANDFALL_BULK=1000000 LANDFALL_BULK_KILLS=5`.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::block_in_place;

use crate::servers::{ADMIN, Options, POSTGRES, Server};
use crate::support::running::Running;
use crate::support::shop::CHEAP;
use crate::support::{BRISK, LONG_QUEUE, Shop, client, customer, password, sign_in};

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// One in so many customers signs in during the run.
const ONE_IN: usize = 97;

/// Starts the command; its standard error goes to the file `bulk.log`.
fn start(shop: &Shop) -> Child {
    let program = std::env::var_os("LANDFALL_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_landfall").into());
    let log = fs::OpenOptions::new().create(true).append(true).open(shop.path("bulk.log")).unwrap();
    let out = File::create(shop.path("bulk.out")).unwrap();
    let mut command = Command::new(program);
    command.args(["bulk", "--in", "export.ndjson", "--results", "results.ndjson"]).current_dir(shop.folder.path());
    command.stdin(Stdio::null()).stdout(out).stderr(log).spawn().unwrap()
}

/// The resident memory of a process, in MiB.
fn memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Runs the command until it ends by itself, and kills it after each of these parts of the work. Returns the memory that was
/// seen, in the order of time.
fn run(shop: &Shop, customers: usize, kills: usize, done: &dyn Fn() -> usize) -> Vec<u64> {
    let (mut child, mut left, mut seen) = (start(shop), kills, Vec::new());
    loop {
        std::thread::sleep(Duration::from_millis(if customers > 10_000 { 500 } else { 20 }));
        seen.extend(memory(&child));
        if let Some(status) = child.try_wait().unwrap() {
            let log = fs::read_to_string(shop.path("bulk.log")).unwrap();
            assert!(status.success(), "{status}: {log}");
            assert_eq!(left, 0, "the run ended before it was killed often enough");
            return seen;
        }
        // counting a million rows takes the database a while
        let is_due = customers <= 10_000 || seen.len().is_multiple_of(10);
        if left > 0 && is_due && done() >= customers * (kills - left + 1) / (kills + 2) {
            child.kill().unwrap();
            child.wait().unwrap();
            left -= 1;
            child = start(shop);
        }
    }
}

/// Customers who sign in one after the other until the run has ended. Returns how many did.
async fn sign_ins(base: String, customers: usize, ended: Arc<AtomicBool>, signed_in: Arc<AtomicUsize>) {
    let client = client();
    // from the end, so that most of them have no account yet
    for at in (0..customers).rev().step_by(ONE_IN) {
        if ended.load(Ordering::Relaxed) {
            return;
        }
        loop {
            match sign_in(&client, &base, &format!("customer{at}"), &password(at)).await {
                Some(200) => break,
                Some(503) | None => tokio::time::sleep(Duration::from_millis(20)).await,
                Some(status) => panic!("customer {at}: {status}"),
            }
        }
        signed_in.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Writes the export without holding it in memory.
fn export(shop: &Shop, customers: usize) {
    let mut file = BufWriter::new(File::create(shop.path("export.ndjson")).unwrap());
    (0..customers).for_each(|at| writeln!(file, "{}", customer(at)).unwrap());
    file.flush().unwrap();
    // The service keeps the index of a large export, and is not waited for long.
    let mut check = Command::new(env!("CARGO_BIN_EXE_landfall"));
    check.args(["check", "--config", "landfall.yaml", "--connect"]).current_dir(shop.folder.path());
    drop(check.output().unwrap());
}

/// Kills a run again and again while customers sign in. `done` counts the accounts.
async fn every_customer_once(shop: Shop, customers: usize, kills: usize, done: impl Fn() -> usize + Sync) -> Shop {
    let service = Running::start(shop.folder.path(), &[]);
    let (ended, signed_in) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let logins = tokio::spawn(sign_ins(service.base.clone(), customers, Arc::clone(&ended), Arc::clone(&signed_in)));
    let began = Instant::now();
    let memory = block_in_place(|| run(&shop, customers, kills, &done));
    let took = began.elapsed().as_secs_f64();
    ended.store(true, Ordering::Relaxed);
    logins.await.expect("every login succeeds");
    let middle = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied().unwrap_or(0)
    };
    let (first, second) = memory.split_at(memory.len() / 2);
    println!(
        "{customers} customers, {kills} kills, {} logins: {took:.1} s; memory {} MiB in the first half, {} in the second, {} at most",
        signed_in.load(Ordering::Relaxed),
        middle(first),
        middle(second),
        memory.iter().max().unwrap_or(&0),
    );
    assert!(memory.iter().max().is_none_or(|most| *most < 400), "{memory:?}");
    assert_eq!(done(), customers);
    // whoever has not come yet signs in with the old password
    let client = client();
    for at in (0..customers).step_by(customers / 50) {
        let (name, right) = (format!("customer{at}"), password(at));
        assert_eq!(sign_in(&client, &service.base, &name, "wrong").await, Some(401));
        assert_eq!(sign_in(&client, &service.base, &name, &right).await, Some(200), "{name}");
    }
    assert_eq!(service.stop(), Some(0));
    shop
}

fn landfall(shop: &Shop, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    let output = command.args(arguments).current_dir(shop.folder.path()).output().unwrap();
    let [out, error] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{arguments:?}: {out}{error}");
    out
}

/// The status: accounts that are migrated and pending.
fn accounts(shop: &Shop) -> usize {
    let status: serde_json::Value = serde_json::from_str(&landfall(shop, &["status", "--format", "json"])).unwrap();
    let count = |name: &str| usize::try_from(status[name].as_u64().unwrap()).unwrap();
    count("migrated") + count("pending")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_run_continues_while_customers_sign_in() {
    let customers = 1500;
    let shop = Shop::new(std::iter::empty(), &format!("{CHEAP}{LONG_QUEUE}{BRISK}"));
    export(&shop, customers);
    let path = shop.path("");
    let done = || {
        let shop = path.clone();
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        let output = command.args(["status", "--format", "json"]).current_dir(shop).output().unwrap();
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let count = |name: &str| status[name].as_u64().unwrap_or(0);
        usize::try_from(count("migrated") + count("pending")).unwrap()
    };
    let shop = every_customer_once(shop, customers, 3, done).await;
    assert_eq!(accounts(&shop), customers);
    landfall(&shop, &["audit", "verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn a_killed_run_into_postgres_continues_while_customers_sign_in() {
    let (customers, kills) = (number("LANDFALL_BULK", 3000), number("LANDFALL_BULK_KILLS", 3));
    let server = Server::start(&POSTGRES, Options::default().set("max_connections", "100"));
    let database = server.create_database();
    let shop = Shop::new(std::iter::empty(), &format!("{CHEAP}{LONG_QUEUE}{BRISK}"));
    export(&shop, customers);
    let settings = fs::read_to_string(shop.path("landfall.yaml")).unwrap();
    let files = ["sqlite:accounts.db", "sqlite:ledger.db"];
    let settings = files.iter().fold(settings, |settings, file| settings.replace(file, "file:database.url"));
    fs::write(shop.path("landfall.yaml"), settings).unwrap();
    shop.secret("database.url", &server.url(ADMIN.0, ADMIN.1, &database));
    let count = |sql: &str| server.sql(&database, sql).trim().parse::<usize>().unwrap();
    let done = || count("SELECT count(*) FROM landfall_entries WHERE state = 'done';");
    let shop = every_customer_once(shop, customers, kills, done).await;
    assert_eq!(count("SELECT count(*) FROM landfall_accounts;"), customers);
    let made = "SELECT count(*) FROM landfall_audit WHERE outcome IN ('created', 'recovered');";
    assert!(count(made) <= customers, "nobody is created twice");
    let twice = "SELECT count(*) FROM (SELECT customer FROM landfall_audit WHERE outcome IN ('created', 'recovered') \
                 GROUP BY customer HAVING count(*) > 1) AS twice;";
    assert_eq!(count(twice), 0);
    landfall(&shop, &["audit", "verify"]);
}
