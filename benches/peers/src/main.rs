//! Compares Landfall's engine with what a team would otherwise pick: the same job, the same records, the same accounts.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark stops where it fails, and says what it measured"
)]

mod check;
#[path = "../../data/mod.rs"]
mod data;
mod engines;
mod goals;
mod measure;
mod options;
mod report;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let records: Vec<String> = (0..options.records).map(data::record).collect();
    let mut engines = engines::all();
    let sizes = match check::equal(&mut engines, &records) {
        Ok(sizes) => sizes,
        Err(difference) => {
            eprintln!("{difference}");
            return ExitCode::FAILURE;
        }
    };
    let figures = measure::rounds(&mut engines, &records, options.rounds);
    let goals = goals::judge(&figures);
    print!("{}", report::markdown(&options, &sizes, &figures, &goals));
    if let Some(file) = &options.json
        && let Err(error) = std::fs::write(file, report::json(&options, &sizes, &figures, &goals))
    {
        eprintln!("`{file}` cannot be written: {error}");
        return ExitCode::from(2);
    }
    let missed = goals.iter().any(|goal| !goal.met());
    if options.strict && missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
