//! The record reader alone: whole records, and only what the rules of `shop.yaml` want.

use std::cell::Cell;
use std::hint::black_box;

use bumpalo::Bump;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use landfall::model::read::{ReadLimits, Selection, parse, select};

use crate::{InTurns, records};

/// Wanted members with what is wanted in them; a member with nothing in it is wanted whole.
#[derive(Clone, Copy)]
struct Wanted(&'static [(&'static str, Wanted)]);

const WHOLE: Wanted = Wanted(&[]);

/// The 27 places that `shop.yaml` reads.
const WANTED: Wanted = Wanted(&[
    ("id", WHOLE),
    ("login", WHOLE),
    ("kind", WHOLE),
    ("state", WHOLE),
    ("contact", Wanted(&[("mail", WHOLE), ("mail_ok", WHOLE), ("phone", WHOLE), ("phone_ok", WHOLE), ("web", WHOLE)])),
    (
        "person",
        Wanted(&[
            ("name", WHOLE),
            ("nick", WHOLE),
            ("alias", WHOLE),
            ("sex", WHOLE),
            ("born", WHOLE),
            ("language", WHOLE),
            ("zone", WHOLE),
        ]),
    ),
    ("address", Wanted(&[("street", WHOLE), ("city", WHOLE), ("zip", WHOLE), ("country", WHOLE)])),
    ("dates", Wanted(&[("created", WHOLE), ("changed", WHOLE), ("seen", WHOLE)])),
    ("groups", WHOLE),
    ("tags", WHOLE),
    ("stats", Wanted(&[("orders", WHOLE)])),
    ("company", Wanted(&[("name", WHOLE)])),
    ("flags", Wanted(&[("newsletter", WHOLE)])),
]);

impl Wanted {
    fn count(self) -> usize {
        if self.is_whole() { 1 } else { self.0.iter().map(|(_, inside)| inside.count()).sum() }
    }
}

impl Selection for Wanted {
    fn is_whole(self) -> bool {
        self.0.is_empty()
    }

    fn member(self, key: &str) -> Option<(usize, Self)> {
        self.0.iter().enumerate().find(|(_, (name, _))| *name == key).map(|(at, (_, inside))| (at, *inside))
    }
}

/// Bytes per second, whole and selective, of small and large records.
pub fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for (size, records) in [("small", records::small()), ("8-kb", records::large())] {
        group.throughput(Throughput::Bytes(records::mean_size(&records)));
        let limits = ReadLimits::default();
        measure(&mut group, &format!("whole/{size}"), &records, |record, arena| {
            black_box(parse(record, arena, &limits).expect("a record"));
        });
        let taken = Cell::new(0);
        measure(&mut group, &format!("selected/{size}"), &records, |record, arena| {
            taken.set(0);
            let take = |_, value| {
                black_box(value);
                taken.set(taken.get() + 1);
            };
            select(record, arena, &limits, WANTED, take).expect("a record");
            assert_eq!(taken.get(), WANTED.count(), "every wanted part is there");
        });
    }
    group.finish();
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, records: &[String], read: impl Fn(&str, &Bump)) {
    let (mut turns, mut arena) = (InTurns::new(records), Bump::new());
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            arena.reset();
            read(turns.next(), &arena);
        });
    });
}
