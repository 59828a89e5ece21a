//! Measures the cost of a login: first and later logins per second compared with the hashing lane's own rate, CPU time
//! without the hash, a login with in-memory adapters, and the steps of a first login. `-- refusals` measures instead
//! how similar refusals are, `-- overload` a service with more clients than it can serve, and `-- sampling` what `shadow` and
//! `drift` cost.
//!
//! Prints its own measurements and the table of docs/figures.md first, then criterion's (`-- login-in-memory` for those alone).
//! Rates are measured in alternating turns, because the speed of a shared machine varies more within a minute than a
//! login costs without its hash.

#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot continue should stop")]

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "invented records")]
#[path = "../data/mod.rs"]
mod data;

mod cpu;
mod customers;
mod memory;
mod overload;
mod rates;
mod refusals;
#[path = "../report/mod.rs"]
mod report;
mod sampling;
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the tests' servers; one that does not start is left out"
)]
#[path = "../../tests/support/servers/mod.rs"]
mod servers;
mod steps;
mod stores;
mod world;

use criterion::Criterion;
use report::{Row, median, table};
use stores::Stores;

/// The size of the measurements.
#[derive(Clone, Copy)]
struct Size {
    /// Rounds of all measurements.
    rounds: usize,
    /// Logins or hashes per turn.
    turn: u64,
    /// Sequential logins whose steps are timed.
    single: u64,
    /// Milliseconds of a load whose answers count.
    load: u64,
}

fn main() {
    let is_smoke_test = std::env::args().any(|argument| argument == "--test");
    let size = if is_smoke_test {
        Size { rounds: 1, turn: 8, single: 4, load: 500 }
    } else {
        Size { rounds: 7, turn: 128, single: 300, load: 8000 }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut named = std::env::args().skip_while(|argument| argument != "refusals");
    if named.next().is_some() {
        runtime.block_on(refusals::run(named.next().and_then(|samples| samples.parse().ok())));
        return;
    }
    if std::env::args().any(|argument| argument == "sampling") {
        let rows: Vec<_> =
            Stores::all().iter().flat_map(|stores| runtime.block_on(sampling::rows(size, stores))).collect();
        table(&rows);
        return;
    }
    if std::env::args().any(|argument| argument == "overload") {
        let rows: Vec<_> =
            Stores::all().iter().flat_map(|stores| runtime.block_on(overload::rows(size, stores))).collect();
        table(&rows);
        return;
    }
    // Naming one of criterion's measurements skips the others.
    if std::env::args().skip(1).all(|argument| argument.starts_with('-')) {
        let all = Stores::all();
        let mut rows = runtime.block_on(rates::argon2id(size, &all));
        for sqlite in all.iter().take(1) {
            rows.extend(runtime.block_on(rates::cheapest(size, sqlite)));
            rows.extend(runtime.block_on(sampling::rows(size, sqlite)));
            runtime.block_on(steps::one_by_one(size, sqlite));
        }
        rows.extend(runtime.block_on(memory::rows(size)));
        for stores in &all {
            rows.extend(runtime.block_on(overload::rows(size, stores)));
        }
        println!();
        table(&rows);
        println!();
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    memory::logins(&mut criterion, &runtime);
    criterion.final_summary();
}
