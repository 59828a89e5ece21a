//! One thread against two, in turns, over the same file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use crate::options::Options;
use crate::{Row, data, grouped, median, program};

/// Measures how much faster two threads are.
pub fn row(options: &Options) -> Row {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("records.ndjson");
    eprintln!("jobs: writing {} records", grouped(options.records));
    write(&input, options.records);
    let (mut ones, mut twos, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    seconds(options, &input, "2"); // the file comes into memory, unmeasured
    for round in 0..options.rounds {
        // who begins changes, because the second one finds the machine in another state
        let (one, two) = if round % 2 == 0 {
            (seconds(options, &input, "1"), seconds(options, &input, "2"))
        } else {
            let two = seconds(options, &input, "2");
            (seconds(options, &input, "1"), two)
        };
        eprintln!("jobs: round {} of {}: {one:.2} s and {two:.2} s", round + 1, options.rounds);
        ones.push(one);
        twos.push(two);
        ratios.push(one / two);
    }
    let (low, high) = ratios.iter().fold((f64::MAX, 0.0_f64), |(low, high), ratio| (low.min(*ratio), high.max(*ratio)));
    let (one, two) = (median(ones), median(twos));
    Row {
        what: format!(
            "`transform --jobs 2` against `--jobs 1`, a file of {} records of 1.4 KB",
            grouped(options.records)
        ),
        figure: format!(
            "{:.2}× ({one:.2} s to {two:.2} s; {low:.2}× to {high:.2}× in {} rounds)",
            one / two,
            options.rounds
        ),
        goal: "at least 1.8×",
    }
}

fn write(path: &Path, records: u64) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    (0..records).for_each(|number| writeln!(file, "{}", data::record(number)).unwrap());
    file.flush().unwrap();
}

fn seconds(options: &Options, input: &Path, jobs: &str) -> f64 {
    let began = Instant::now();
    let child = program::transform(&options.program, input).args(["--jobs", jobs]).spawn().unwrap();
    program::finish(child, options.records);
    began.elapsed().as_secs_f64()
}
