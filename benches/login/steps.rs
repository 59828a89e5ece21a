//! Where the time of a single login goes, step by step.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bumpalo::Bump;
use landfall::migrate::{Migrator, MigratorParts, Observer, Outcome, RuleSet, Step};

use crate::stores::Stores;
use crate::world::{Cost, World, sign_in};
use crate::{Size, customers, median};

/// Measures the time between steps, one login at a time.
#[derive(Default)]
struct StepTimer(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    last: Option<Instant>,
    steps: Vec<(&'static str, Duration)>,
}

impl Observer for StepTimer {
    fn step(&self, _: &str, step: &Step<'_>) {
        let mut seen = self.0.lock().unwrap();
        let now = Instant::now();
        let since = seen.last.replace(now).map_or(Duration::ZERO, |last| now - last);
        let is_created = seen.steps.iter().any(|(name, _)| name.starts_with("target: create"));
        let name = match step {
            Step::Counted => "engine: identify; ledger: reserve",
            Step::Looked { .. } => "ledger: would admit; target: find",
            Step::Authenticated { .. } => "target: authenticate, with its hash",
            Step::Fetched { .. } => "source: fetch",
            Step::Verified { .. } => "verifier: verify, with its hash",
            Step::Mapped { .. } => "engine: map",
            Step::Claimed { .. } => "ledger: claim",
            Step::Created { .. } => "target: create, with its hash",
            Step::Recorded { .. } if is_created => "ledger: finish",
            Step::Recorded { .. } => "ledger: decide",
            _ => return,
        };
        seen.steps.push((name, since));
    }
}

/// First and later logins one at a time, with the cheapest hash, timed by step.
pub async fn one_by_one(size: Size, stores: &Stores) {
    let world = World::new(size.single, Cost::Cheapest, stores).await;
    let timer = Arc::new(StepTimer::default());
    let parts = MigratorParts { observer: timer.clone(), ..world.built.parts.clone() };
    let migrator = Arc::new(Migrator::new(parts, world.built.migrator.clone()));
    for (name, outcome) in [("first", Outcome::Migrated), ("later", Outcome::Authenticated)] {
        let mut logins = Vec::new();
        for number in 0..size.single {
            *timer.0.lock().unwrap() = Seen { last: Some(Instant::now()), steps: Vec::new() };
            sign_in(&migrator, number..number + 1, 1, outcome.clone()).await;
            logins.push(std::mem::take(&mut timer.0.lock().unwrap().steps));
        }
        println!("{name} logins one by one, Argon2id 8/1/1, {} times, median microseconds by step:", size.single);
        table(&logins);
    }
    engine(&world.built.parts.legacy.rules.current(), size.single);
}

fn table(logins: &[Vec<(&'static str, Duration)>]) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    for (at, (name, _)) in logins.first().unwrap().iter().enumerate() {
        let median = median(logins.iter().filter_map(|steps| steps.get(at).map(|(_, took)| micros(*took))));
        println!("  {name:44}{median:8.0}");
    }
    let all = median(logins.iter().map(|steps| steps.iter().map(|(_, took)| micros(*took)).sum()));
    println!("  {:44}{all:8.0}", "all");
}

/// The engine alone: identifying and mapping a record.
fn engine(rules: &RuleSet, rounds: u64) {
    let (mut identify, mut map) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        let (_, record) = customers::record(number);
        let arena = Bump::new();
        let began = Instant::now();
        std::hint::black_box(rules.plan().customers(&record, rules.settings(), &arena).unwrap());
        identify.push(began.elapsed().as_secs_f64() * 1e6);
        let arena = Bump::new();
        let began = Instant::now();
        std::hint::black_box(rules.plan().run(&record, rules.settings(), &arena, &mut landfall::engine::probe::Silent));
        map.push(began.elapsed().as_secs_f64() * 1e6);
    }
    println!("the engine alone, median microseconds: identify {:.0}, map {:.0}", median(identify), median(map));
}
