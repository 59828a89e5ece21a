//! Measures legacy systems beside each other: fetching a record, the whole first login, and the memory of the process.
//!
//! The same customers are in SQLite, PostgreSQL, MariaDB, behind a web API and in slapd; a server that is not installed is
//! left out. The systems take turns, because the speed of a shared machine varies more within a minute than they differ.
//! Servers run on this machine and use TLS, so their work counts too.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports on standard output, and one that cannot continue should stop"
)]

#[allow(dead_code, reason = "the hashing lane is not measured here")]
#[path = "../login/cpu.rs"]
mod cpu;
mod customers;
mod directory;
mod memory;
#[allow(dead_code, reason = "the table has a column for each system")]
#[path = "../report/mod.rs"]
mod report;
#[path = "../../tests/support/servers/mod.rs"]
mod servers;
mod systems;
mod turns;
mod web_api;
mod world;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use landfall::ports::{Call, IdentifierProfile, Source};
use tokio::time::Instant;

use report::median;
use systems::System;
use turns::Turns;
use world::{Cost, World, first_login};

/// The size of the measurements.
#[derive(Clone, Copy)]
struct Size {
    /// Customers in each system.
    customers: u64,
    /// Rounds of all measurements.
    rounds: u64,
    /// Fetches of a turn, and logins of a turn with the cheapest hash and with the default one.
    turns: [u64; 3],
    /// Logins after which the memory is read.
    resident: [u64; 2],
}

const FULL: Size = Size { customers: 100_000, rounds: 9, turns: [1000, 200, 64], resident: [100, 1000] };
/// With the argument `quick`.
const QUICK: Size = Size { customers: 20_000, rounds: 3, ..FULL };
const SMOKE: Size = Size { customers: 1000, rounds: 1, turns: [20, 8, 4], resident: [4, 8] };

/// Calls at a time.
const AT_ONCE: [usize; 2] = [1, 16];

/// One system and what was measured on it.
struct Column {
    system: System,
    worlds: [World; 2],
    fetches: [Turns; 2],
    logins: [[Turns; 2]; 2],
    /// The memory of a process of its own, and its connections.
    resident: [String; 2],
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == memory::ARGUMENT
    {
        return memory::run(&runtime, rest);
    }
    if let [first, rest @ ..] = arguments.as_slice()
        && first == web_api::ARGUMENT
    {
        return web_api::run(&runtime, rest);
    }
    let size = match arguments.iter().map(String::as_str).find(|argument| matches!(*argument, "--test" | "quick")) {
        Some("--test") => SMOKE,
        Some(_) => QUICK,
        None => FULL,
    };
    let load = cpu::load();
    let mut columns = Vec::new();
    for system in runtime.block_on(System::all(size.customers)) {
        // first, while there are no other connections
        let resident = memory::measured(&system, size);
        columns.push(runtime.block_on(Column::new(system, resident)));
    }
    // the first round opens connections and warms caches
    for round in 0..=size.rounds {
        for column in &mut columns {
            if round == 1 {
                column.forget();
            }
            runtime.block_on(column.round(size, round));
        }
    }
    let processors = std::thread::available_parallelism().unwrap();
    println!("On {processors} processors, servers included; load averages {load} before and {} after.\n", cpu::load());
    table(&columns.iter().map(|column| column.cells(&runtime)).collect::<Vec<_>>());
}

impl Column {
    async fn new(system: System, resident: [String; 2]) -> Self {
        let worlds = [World::new(&system.asked, Cost::Cheapest).await, World::new(&system.asked, Cost::Default).await];
        Self { system, worlds, fetches: Default::default(), logins: Default::default(), resident }
    }

    fn forget(&mut self) {
        (self.fetches, self.logins) = Default::default();
    }

    async fn round(&mut self, size: Size, round: u64) {
        let [fetches, logins @ ..] = size.turns;
        for (at, at_once) in AT_ONCE.into_iter().enumerate() {
            let source = Arc::clone(&self.worlds[0].source);
            let numbers = numbers(fetches, round, at as u64);
            let customers = size.customers;
            let call = move |number: u64| fetch(Arc::clone(&source), spread(number, customers));
            self.fetches[at].take(&self.system, numbers, at_once, call).await;
        }
        for (cost, count) in logins.into_iter().enumerate() {
            for (at, at_once) in AT_ONCE.into_iter().enumerate() {
                let migrator = Arc::clone(&self.worlds[cost].migrator);
                let customers = size.customers;
                let call = move |number: u64| first_login(Arc::clone(&migrator), spread(number, customers));
                self.logins[cost][at].take(&self.system, numbers(count, round, at as u64), at_once, call).await;
            }
        }
    }

    /// The rows of the table for this system; the first is its head.
    fn cells(&self, runtime: &tokio::runtime::Runtime) -> Vec<String> {
        let round_trips = runtime.block_on(self.system.round_trips(1000));
        let round_trip =
            if round_trips.is_empty() { "–".to_owned() } else { format!("{:.2} ms", median(round_trips)) };
        let mut cells = vec![self.system.name.clone(), round_trip];
        for [single, many] in [&self.fetches, &self.logins[0], &self.logins[1]] {
            cells.push(single.latency());
            cells.push(format!("{:.0} / {:.0}", single.rate(), many.rate()));
            cells.push(many.cpu());
        }
        cells.extend(self.resident.clone());
        cells
    }
}

/// The numbers of a turn: no login twice.
fn numbers(count: u64, round: u64, at: u64) -> Range<u64> {
    let first = (round * AT_ONCE.len() as u64 + at) * count;
    first..first + count
}

/// Spreads consecutive numbers over the table.
fn spread(number: u64, customers: u64) -> u64 {
    number * 7919 % customers
}

async fn fetch(source: Arc<dyn Source>, number: u64) {
    let identifier = IdentifierProfile::default().canonical(&customers::name(number)).unwrap();
    let call = Call { deadline: Instant::now() + Duration::from_secs(10), request_id: "fetch" };
    assert!(source.fetch(call, &identifier).await.unwrap().is_some(), "customer {number}");
}

/// One row for each measurement, one column for each system.
fn table(columns: &[Vec<String>]) {
    let mut rows = vec!["what".to_owned(), "one round trip to the database, median".to_owned()];
    for what in [
        "fetch of a record with one list",
        "first login, the cheapest Argon2id",
        "first login, Argon2id 19 MiB, 2 passes",
    ] {
        rows.push(format!("{what}: median / 99 %"));
        rows.push(format!("{what}: per second, one / 16 at a time"));
        rows.push(format!("{what}: CPU without the hash, Landfall / server"));
    }
    rows.push("resident memory of a process before / after 100 / after 1,000 first logins, Argon2id 19 MiB".to_owned());
    rows.push("connections of that process to the database".to_owned());
    for (at, what) in rows.iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|column| column[at].as_str()).collect();
        println!("| {what} | {} |", cells.join(" | "));
        if at == 0 {
            println!("|---|{}", "--:|".repeat(columns.len()));
        }
    }
}
