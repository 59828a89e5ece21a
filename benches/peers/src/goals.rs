//! What the project wants to reach against its peers.

use crate::engines::names;
use crate::measure::Figures;

/// A goal and how far it is reached.
#[derive(Debug)]
pub struct Goal {
    /// What is compared.
    pub text: &'static str,
    /// The ratio wanted.
    pub wanted: f64,
    /// The ratio measured.
    pub measured: f64,
    direction: Direction,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    AtLeast,
    AtMost,
}

impl Goal {
    /// Whether the goal is reached.
    pub fn met(&self) -> bool {
        match self.direction {
            Direction::AtLeast => self.measured >= self.wanted,
            Direction::AtMost => self.measured <= self.wanted,
        }
    }

    /// `≥` or `≤`.
    pub fn sign(&self) -> char {
        match self.direction {
            Direction::AtLeast => '≥',
            Direction::AtMost => '≤',
        }
    }
}

/// Compares the CPU times with the goals.
pub fn judge(figures: &[Figures]) -> Vec<Goal> {
    let time = |name: &str| figures.iter().find(|figure| figure.name == name).expect("an engine of this name").cpu;
    let landfall = time(names::LANDFALL);
    let at_least = |text, wanted, measured| Goal { text, wanted, measured, direction: Direction::AtLeast };
    vec![
        at_least("times as fast as VRL, idiomatic", 5.0, time(names::VRL) / landfall),
        at_least("times as fast as VRL, tuned", 3.5, time(names::VRL_TUNED) / landfall),
        at_least("times as fast as jaq", 30.0, time(names::JAQ) / landfall),
        Goal {
            text: "times the time of Rust written by hand with serde_json",
            wanted: 1.6,
            measured: landfall / time(names::HANDWRITTEN),
            direction: Direction::AtMost,
        },
        at_least(
            "times as fast as VRL, idiomatic, with two claims made by scripts",
            3.5,
            time(names::VRL) / time(names::LANDFALL_SCRIPTS),
        ),
    ]
}
