//! One thread against two, in turns, over the same file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::options::Options;
use crate::{Row, data, grouped, median, program};

/// Measures how much faster two threads are, and how much faster two programs at once would be: more than that, the machine
/// does not give.
pub fn row(options: &Options) -> Row {
    let folder = tempfile::tempdir().unwrap();
    let job = Job { options, input: folder.path().join("records.ndjson") };
    eprintln!("jobs: writing {} records", grouped(options.records));
    write(&job.input, options.records);
    job.seconds(&["2"]); // the file comes into memory, unmeasured
    let turns: [&[&str]; 3] = [&["1"], &["2"], &["1", "1"]];
    let mut times = turns.map(|_| Vec::new());
    for round in 0..options.rounds {
        // who begins changes, because each leaves the machine in another state
        for turn in (0..turns.len()).map(|turn| (turn + round) % turns.len()) {
            times[turn].push(job.seconds(turns[turn]));
        }
        let [one, two, both] = times.each_ref().map(|times| times[round]);
        eprintln!("jobs: round {} of {}: {one:.2} s, {two:.2} s, two at once {both:.2} s", round + 1, options.rounds);
    }
    let [one, two, both] = times.map(median);
    Row {
        what: format!(
            "`transform --jobs 2` against `--jobs 1`, a file of {} records of 1.4 KB",
            grouped(options.records)
        ),
        figure: format!(
            "{:.2}× ({one:.2} s to {two:.2} s, medians of {} rounds in turns); two programs at once reach {:.2}×",
            one / two,
            options.rounds,
            2.0 * one / both
        ),
        goal: "at least 1.8×",
    }
}

fn write(path: &Path, records: u64) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    (0..records).for_each(|number| writeln!(file, "{}", data::record(number)).unwrap());
    file.flush().unwrap();
}

struct Job<'o> {
    options: &'o Options,
    input: PathBuf,
}

impl Job<'_> {
    /// Runs programs at once, each with so many threads, over the whole file.
    fn seconds(&self, jobs: &[&str]) -> f64 {
        let began = Instant::now();
        let start = |jobs: &&str| {
            let mut command = program::transform(&self.options.program, &self.input);
            command.args(["--jobs", jobs]).spawn().unwrap()
        };
        let children: Vec<_> = jobs.iter().map(start).collect();
        children.into_iter().for_each(|child| program::finish(child, self.options.records));
        began.elapsed().as_secs_f64()
    }
}
