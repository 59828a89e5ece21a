//! Landfall as in the program: a compiled plan, an arena per record, nobody who follows the run.

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;

use super::{Engine, names};

/// A plan and what a run needs.
pub struct Landfall {
    name: &'static str,
    plan: Plan,
    settings: Settings,
    arena: Bump,
}

impl Landfall {
    /// The rules of the project's own benchmarks.
    pub fn plain() -> Self {
        Self::new(names::LANDFALL, include_str!("../../../data/shop.yaml"))
    }

    /// The same, with two claims made by scripts.
    pub fn with_scripts() -> Self {
        Self::new(names::LANDFALL_SCRIPTS, include_str!("../../programs/shop-scripts.yaml"))
    }

    fn new(name: &'static str, rules: &str) -> Self {
        let mut files = Files::default();
        let file = files.add("shop.yaml", rules);
        let plan = compile(&mut files, file, &NoFiles, &mut Findings::default()).expect("the rules compile");
        Self { name, plan, settings: Settings::default(), arena: Bump::new() }
    }
}

impl Engine for Landfall {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transform(&mut self, record: &str, out: &mut Vec<u8>) {
        self.arena.reset();
        let run = self.plan.run(record, &self.settings, &self.arena, &mut Silent);
        for outcome in &run.outcomes {
            match outcome {
                Outcome::Account(made) => made.write_json(out),
                other => panic!("{other:?}"),
            }
        }
    }
}
