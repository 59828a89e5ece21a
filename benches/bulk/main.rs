//! The program over many records: what a second thread gains, whether memory grows with the number of records, and how long
//! one start takes.
//!
//! `cargo bench --bench bulk` measures the program of this build and prints a table. After `--`, the words `jobs`, `memory`
//! and `start` choose what is measured, `--records N` makes the largest input of the memory smaller than 5,000,000,
//! `--rounds N` says how often the threads are compared (9), `--program PATH` names another program.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark reports, and shows that it goes on")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on should stop")]

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "invented records")]
#[path = "../data/mod.rs"]
mod data;

mod jobs;
mod memory;
mod options;
mod program;
#[path = "../report/mod.rs"]
mod report;
mod start;

use options::{Options, Part};
use report::{Row, median, table};

fn main() {
    let options = Options::from_arguments(std::env::args().skip(1));
    let before = load();
    let rows: Vec<Row> =
        [(Part::Jobs, jobs::row as fn(&Options) -> Row), (Part::Memory, memory::row), (Part::Start, start::row)]
            .into_iter()
            .filter(|(part, _)| options.parts.contains(part))
            .map(|(_, measure)| measure(&options))
            .collect();
    if rows.is_empty() {
        return;
    }
    let processors = std::thread::available_parallelism().unwrap();
    println!(
        "On {processors} processors; load average {before} before and {} after, which includes this measurement.\n",
        load()
    );
    table(&rows);
}

/// The load average of the last minute (proc(5)).
fn load() -> String {
    let all = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    all.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

/// A whole number with a comma between thousands.
fn grouped(number: u64) -> String {
    let (digits, mut text) = (number.to_string(), String::new());
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
