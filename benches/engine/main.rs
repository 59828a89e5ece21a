//! What the engine costs on one thread: reading records, compiling rules, and transforming records: parse, map, validate,
//! serialise.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a benchmark"
)]

#[path = "../data/mod.rs"]
mod data;

mod compile;
mod read;
mod records;
mod rules;
mod transform;

use criterion::{criterion_group, criterion_main};

/// Something that is given again and again, one after the other: other records, other branches.
struct InTurns<'r, T>(std::iter::Cycle<std::slice::Iter<'r, T>>);

impl<'r, T> InTurns<'r, T> {
    fn new(all: &'r [T]) -> Self {
        Self(all.iter().cycle())
    }

    fn next(&mut self) -> &'r T {
        self.0.next().expect("there is one")
    }
}

criterion_group!(benches, read::records, compile::rules, transform::records);
criterion_main!(benches);
