//! From the start of the program to the account of one record.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use crate::options::Options;
use crate::{Row, data, median, program};

/// Measures the time of a start: the program is loaded, the rules are compiled, a record is read, its account is there.
pub fn row(options: &Options) -> Row {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("record.ndjson");
    std::fs::write(&input, data::record(7)).unwrap();
    eprintln!("start: {} starts", options.starts);
    milliseconds(options, &input); // the program comes into memory, unmeasured
    let times: Vec<f64> = (0..options.starts).map(|_| milliseconds(options, &input)).collect();
    let slowest = times.iter().copied().fold(0.0, f64::max);
    Row {
        what: "from the start of `transform` to the account of one record".to_owned(),
        figure: format!("{:.1} ms, median of {} starts; the slowest {slowest:.1} ms", median(times), options.starts),
        goal: "under 20 ms",
    }
}

fn milliseconds(options: &Options, input: &Path) -> f64 {
    let began = Instant::now();
    let mut child = program::transform(&options.program, input).stdout(Stdio::piped()).spawn().unwrap();
    let mut account = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut account).unwrap();
    let took = began.elapsed();
    assert!(account.ends_with("}\n"), "an account");
    program::finish(child, 1);
    took.as_secs_f64() * 1000.0
}
