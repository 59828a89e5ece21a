//! The job whose instructions and allocations `benches/budget/run` counts: so many records, parsed, mapped, checked, written.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark"
)]

#[path = "../data/mod.rs"]
mod data;

use std::hint::black_box;

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;

const RULES: &str = include_str!("../data/shop.yaml");

/// How many different records there are.
const PEOPLE: u64 = 500;

/// Runs as many records as the last argument says. What is done before the first record does not depend on their number,
/// so that the difference of two runs is the cost of the records alone.
fn main() {
    let wanted = std::env::args().filter_map(|argument| argument.parse().ok()).next_back().unwrap_or(1000);
    let mut files = Files::default();
    let file = files.add("shop.yaml", RULES);
    let plan = compile(&mut files, file, &NoFiles, &mut Findings::default()).expect("the rules compile");
    let settings = Settings::default();
    let records: Vec<String> = (0..PEOPLE).map(data::record).collect();
    let mut arena = Bump::new();
    let mut out = Vec::new();
    for record in records.iter().chain(records.iter().cycle().take(wanted)) {
        arena.reset();
        out.clear();
        let run = plan.run(record, &settings, &arena, &mut Silent);
        for outcome in &run.outcomes {
            match outcome {
                Outcome::Account(made) => made.write_json(&mut out),
                other => panic!("{other:?}"),
            }
        }
        black_box(&out);
    }
}
