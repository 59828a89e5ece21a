//! What a login costs: first and later logins per second against the hashing lane's own rate, CPU time beside the hash, a
//! login on adapters in memory, and where the time of a first login goes.
//!
//! Prints first its own measurements and README's table of them, then criterion's (`-- login-in-memory` for these alone).
//! Rates are measured in turns, because the speed of a shared machine changes more within a minute than a login costs
//! beside its hash.

#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "invented records")]
#[path = "../data/mod.rs"]
mod data;

mod cpu;
mod customers;
mod memory;
mod rates;
mod steps;
mod world;

use criterion::Criterion;

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    /// Turns of everything.
    rounds: usize,
    /// Logins, or hashes, in a turn.
    turn: u64,
    /// Logins one by one, whose steps are timed.
    single: u64,
}

/// A figure that README shows.
struct Row {
    what: String,
    figure: String,
    goal: &'static str,
}

fn main() {
    let is_smoke_test = std::env::args().any(|argument| argument == "--test");
    let size =
        if is_smoke_test { Size { rounds: 1, turn: 8, single: 4 } } else { Size { rounds: 7, turn: 128, single: 300 } };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // Whoever names one of criterion's measurements wants nothing else.
    if std::env::args().skip(1).all(|argument| argument.starts_with('-')) {
        let mut rows = runtime.block_on(rates::argon2id(size));
        rows.extend(runtime.block_on(rates::cheapest(size)));
        rows.extend(runtime.block_on(memory::rows(size)));
        runtime.block_on(steps::one_by_one(size));
        table(&rows);
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    memory::logins(&mut criterion, &runtime);
    criterion.final_summary();
}

/// README's table, which `benches/figures` takes from here.
fn table(rows: &[Row]) {
    println!("\n| what | figure | goal |\n| --- | --- | --: |");
    for Row { what, figure, goal } in rows {
        println!("| {what} | {figure} | {goal} |");
    }
    println!();
}

/// The middle of some figures.
fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap()
}
