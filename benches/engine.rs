//! Records per second through the engine: parse, map, validate, serialise, on one thread.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark"
)]

mod data;

use std::hint::black_box;

use bumpalo::Bump;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;

const RULES: &str = include_str!("data/shop.yaml");

fn compiled() -> Plan {
    let mut files = Files::default();
    let file = files.add("shop.yaml", RULES);
    let mut findings = Findings::default();
    compile(&mut files, file, &NoFiles, &mut findings).expect("the rules compile")
}

fn engine(criterion: &mut Criterion) {
    let (plan, settings) = (compiled(), Settings::default());
    let records: Vec<String> = (0..1000).map(data::record).collect();
    let mut arena = Bump::new();
    let mut out = Vec::new();
    let mut next = 0;
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(1));
    group.bench_function("transform one record of 28 claims", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % records.len();
            arena.reset();
            out.clear();
            let run = plan.run(&records[next], &settings, &arena, &mut Silent);
            for outcome in &run.outcomes {
                match outcome {
                    Outcome::Account(made) => made.write_json(&mut out),
                    other => panic!("{other:?}"),
                }
            }
            black_box(&out);
        });
    });
    group.finish();
    criterion.bench_function("compile a rule file of 28 claims", |bencher| bencher.iter(|| black_box(compiled())));
}

criterion_group!(benches, engine);
criterion_main!(benches);
