//! Rule files from text to plan.

use std::hint::black_box;

use criterion::Criterion;

use crate::rules::{self, compiled};

/// Time per file. A service reads its rules again when they change, an editor at each stop: the goal is 5 ms for 60 claims.
pub fn rules(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for (name, text) in [
        ("20-claims", rules::CLAIMS_20.to_owned()),
        ("28-claims", rules::CLAIMS_28.to_owned()),
        ("60-claims", rules::CLAIMS_60.to_owned()),
        ("60-claims/scripts", rules::with_scripts(rules::CLAIMS_60)),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(compiled(&text))));
    }
    group.finish();
}
