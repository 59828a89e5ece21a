//! The thread that looks at records.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bumpalo::Bump;

use super::notes::Notes;
use super::queue::Samples;
use super::recent::Recent;
use super::{SystemSampling, drift, shadow};
use crate::metrics::table::SAMPLES;
use crate::migrate::Sample;
use crate::ports::{Clock, IdentifierProfile};

/// The longest rest. A look that took longer than a twentieth of it is as rare as the script that caused it.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// Looks at records.
pub(super) struct Worker {
    systems: BTreeMap<String, Looks>,
    recent: Recent,
    notes: Arc<Notes>,
    clock: Arc<dyn Clock>,
    identifiers: IdentifierProfile,
    arena: Bump,
    /// How many times as long as it has worked it rests.
    rest: u32,
}

/// The looks at the records of one system.
pub(super) struct Looks {
    shadow: Option<shadow::Look>,
    drift: Option<drift::Look>,
}

/// The looks at the records of these systems, by the names of their sources.
pub(super) fn looks(systems: Vec<SystemSampling>, sends_events: bool) -> BTreeMap<String, Looks> {
    let looks = |system: SystemSampling| {
        let SystemSampling { source, shadow, drift } = system;
        let picks = drift.is_some();
        let drift = drift.map(|(baseline, records)| drift::Look::new(&source, baseline, records, sends_events));
        (source, Looks { shadow: shadow.map(|shadow| shadow::Look::new(shadow, picks)), drift })
    };
    systems.into_iter().map(looks).collect()
}

impl Worker {
    /// A worker that looks at the records of these systems.
    pub(super) fn new(
        systems: BTreeMap<String, Looks>,
        notes: Arc<Notes>,
        clock: Arc<dyn Clock>,
        identifiers: IdentifierProfile,
        rest: u32,
    ) -> Self {
        Self { systems, recent: Recent::default(), notes, clock, identifiers, arena: Bump::new(), rest }
    }

    /// Looks at records until no login can come any more.
    pub(super) fn run(mut self, samples: &Samples) {
        while let Some(sample) = samples.next() {
            let began = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| self.sample(&sample)));
            let result = result.unwrap_or_else(|_| {
                self.arena = Bump::new();
                "failed"
            });
            self.arena.reset();
            SAMPLES.add([result.into()], 1);
            samples.done(&sample);
            std::thread::sleep(began.elapsed().saturating_mul(self.rest).min(LONGEST_REST));
        }
    }

    fn sample(&mut self, sample: &Sample) -> &'static str {
        let Some(Looks { shadow, drift }) = self.systems.get_mut(&sample.source) else { return "failed" };
        if let Some(shadow) = shadow
            && shadow.prepare(&sample.rules) == shadow::Versions::Other
        {
            self.recent.forget();
        }
        if !self.recent.is_new(&sample.source, sample.record.json()) {
            return "repeated";
        }
        if let Some(drift) = drift {
            drift.look(sample, self.clock.now(), &self.arena, &self.notes);
        }
        if let Some(shadow) = shadow {
            shadow.look(sample, &self.identifiers, &self.arena, &self.notes);
        }
        "looked_at"
    }
}
