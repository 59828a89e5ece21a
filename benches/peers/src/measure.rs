//! Measures the engines in turns, so that what else the machine does falls on all of them alike.

use std::hint::black_box;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use crate::engines::Engine;

/// How long one turn is.
const TURN: Duration = Duration::from_millis(800);

/// How long an engine runs before its speed is believed.
const TRIAL: Duration = Duration::from_millis(300);

/// What was measured of one engine.
#[derive(Debug)]
pub struct Figures {
    /// The engine.
    pub name: &'static str,
    /// Thread CPU time per record in microseconds: the median of the rounds.
    pub cpu: f64,
    /// The same by the clock on the wall.
    pub wall: f64,
    /// The fastest and the slowest round, CPU time.
    pub range: (f64, f64),
}

/// One engine, the length of its turns, where it goes on, and what they took.
struct Runner<'e> {
    engine: &'e mut dyn Engine,
    records_per_turn: usize,
    next: usize,
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

/// Gives every engine one turn per round; the engine that begins changes from round to round.
pub fn rounds(engines: &mut [Box<dyn Engine>], records: &[String], rounds: usize) -> Vec<Figures> {
    let mut runners: Vec<Runner> = engines.iter_mut().map(|engine| Runner::new(engine.as_mut(), records)).collect();
    let count = runners.len();
    for round in 0..rounds {
        for turn in 0..count {
            let runner = &mut runners[(round + turn) % count];
            progress(&format!("round {} of {rounds}: {}", round + 1, runner.engine.name()));
            runner.turn(records);
        }
    }
    progress("");
    runners.into_iter().map(Runner::figures).collect()
}

impl<'e> Runner<'e> {
    /// Finds out how many records fit into a turn; this is the warm-up, too.
    fn new(engine: &'e mut dyn Engine, records: &[String]) -> Self {
        progress(&format!("trying {}", engine.name()));
        let mut runner = Self { engine, records_per_turn: 100, next: 0, cpu: Vec::new(), wall: Vec::new() };
        let (mut done, start) = (0, Instant::now());
        while start.elapsed() < TRIAL {
            runner.turn(records);
            done += runner.records_per_turn;
        }
        let per_turn = done as f64 * TURN.as_secs_f64() / start.elapsed().as_secs_f64();
        runner.cpu.clear();
        runner.wall.clear();
        #[expect(clippy::cast_sign_loss, reason = "a count")]
        Self { records_per_turn: (per_turn as usize).max(100), next: 0, ..runner }
    }

    /// One turn: the records after those of the turn before.
    fn turn(&mut self, records: &[String]) {
        let mut out = Vec::with_capacity(4096);
        let (cpu, wall) = (ThreadTime::now(), Instant::now());
        for record in records.iter().cycle().skip(self.next).take(self.records_per_turn) {
            out.clear();
            self.engine.transform(black_box(record), &mut out);
            black_box(&out);
        }
        self.cpu.push(per_record(cpu.elapsed(), self.records_per_turn));
        self.wall.push(per_record(wall.elapsed(), self.records_per_turn));
        self.next = (self.next + self.records_per_turn) % records.len();
    }

    fn figures(mut self) -> Figures {
        let cpu = median(&mut self.cpu);
        let range = (self.cpu[0], self.cpu[self.cpu.len() - 1]);
        Figures { name: self.engine.name(), cpu, wall: median(&mut self.wall), range }
    }
}

fn per_record(time: Duration, records: usize) -> f64 {
    time.as_secs_f64() * 1e6 / records as f64
}

/// The middle one, or the mean of the two in the middle; sorts what it is given.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len() % 2 == 1 { times[middle] } else { f64::midpoint(times[middle - 1], times[middle]) }
}

/// One line that is written over, only where somebody looks.
fn progress(text: &str) {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() {
        // a line that cannot be written is not worth an end
        let _ = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush());
    }
}
