//! Records through a plan, from JSON text to JSON text.

use std::hint::black_box;

use bumpalo::Bump;
use criterion::{Criterion, Throughput};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;

use crate::{InTurns, records, rules};

/// A rule file and the records that it is run over.
struct Job<'r> {
    name: String,
    plan: Plan,
    records: &'r [String],
}

impl<'r> Job<'r> {
    fn new(name: impl Into<String>, rules: &str, records: &'r [String]) -> Self {
        let job = Self { name: name.into(), plan: rules::compiled(rules), records };
        job.check();
        job
    }

    /// Stops when a record does not become an account with all its claims: the job would not be the one that its name says.
    fn check(&self) {
        let settings = Settings::default();
        for record in self.records {
            let arena = Bump::new();
            match self.plan.run(record, &settings, &arena, &mut Silent).outcomes.as_slice() {
                [Outcome::Account(made)] => assert!(made.warnings.is_empty(), "{}: {:?}", self.name, made.warnings),
                other => panic!("{}: {other:?}", self.name),
            }
        }
    }
}

/// Records per second of all jobs.
pub fn records(criterion: &mut Criterion) {
    let (small, large, lists) = (records::small(), records::large(), records::lists());
    assert!((1200..1600).contains(&records::mean_size(&small)), "small: {} bytes", records::mean_size(&small));
    assert!((7500..8700).contains(&records::mean_size(&large)), "8 KB: {} bytes", records::mean_size(&large));
    let mut jobs = vec![Job::new("28-claims/small", rules::CLAIMS_28, &small)];
    for (claims, text) in [("20-claims", rules::CLAIMS_20), ("60-claims", rules::CLAIMS_60)] {
        let scripts = rules::with_scripts(text);
        for (size, records) in [("small", &small), ("8-kb", &large)] {
            jobs.push(Job::new(format!("{claims}/{size}"), text, records));
            jobs.push(Job::new(format!("{claims}/{size}/scripts"), &scripts, records));
        }
    }
    jobs.push(Job::new("lists", rules::LISTS, &lists));
    let mut group = criterion.benchmark_group("transform");
    group.throughput(Throughput::Elements(1));
    for job in &jobs {
        let (settings, mut arena, mut out) = (Settings::default(), Bump::new(), Vec::new());
        let mut turns = InTurns::new(job.records);
        group.bench_function(&job.name, |bencher| {
            bencher.iter(|| {
                arena.reset();
                out.clear();
                transform(&job.plan, turns.next(), &settings, &arena, &mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

fn transform(plan: &Plan, record: &str, settings: &Settings, arena: &Bump, out: &mut Vec<u8>) {
    for outcome in &plan.run(record, settings, arena, &mut Silent).outcomes {
        match outcome {
            Outcome::Account(made) => made.write_json(out),
            other => panic!("{other:?}"),
        }
    }
}
