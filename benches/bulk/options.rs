//! What is measured, and how much.

use std::path::PathBuf;

/// One of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Jobs,
    Memory,
    Start,
}

/// What the arguments say.
pub struct Options {
    /// The program that is measured.
    pub program: PathBuf,
    pub parts: Vec<Part>,
    /// Records that one and two threads transform.
    pub records: u64,
    /// Turns of one and two threads.
    pub rounds: usize,
    /// Records from standard input, from the smallest input to the largest.
    pub inputs: Vec<u64>,
    /// Starts of the program.
    pub starts: usize,
}

impl Options {
    /// Reads the arguments; those of cargo and of criterion's benchmarks mean nothing here, and whoever names a measurement of
    /// another benchmark wants none of these.
    pub fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut options = Self {
            program: PathBuf::from(env!("CARGO_BIN_EXE_landfall")),
            parts: Vec::new(),
            records: 100_000,
            rounds: 9,
            inputs: vec![10_000, 100_000, 5_000_000],
            starts: 50,
        };
        let mut names_none = true;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--program" => options.program = value(&argument, arguments.next()),
                "--records" => *options.inputs.last_mut().unwrap() = value(&argument, arguments.next()),
                "--rounds" => options.rounds = value(&argument, arguments.next()),
                "--test" => {
                    (options.records, options.rounds, options.starts, options.inputs) = (2000, 1, 2, vec![500, 2000])
                }
                flag if flag.starts_with('-') => {}
                name => {
                    names_none = false;
                    options.parts.extend(part(name));
                }
            }
        }
        if names_none {
            options.parts = vec![Part::Jobs, Part::Memory, Part::Start];
        }
        options
    }
}

fn part(name: &str) -> Option<Part> {
    [("jobs", Part::Jobs), ("memory", Part::Memory), ("start", Part::Start)]
        .into_iter()
        .find_map(|(known, part)| (known == name).then_some(part))
}

fn value<T: std::str::FromStr>(option: &str, text: Option<String>) -> T {
    let value = text.and_then(|text| text.parse().ok());
    value.unwrap_or_else(|| {
        eprintln!("`{option}` needs a value");
        std::process::exit(2)
    })
}
