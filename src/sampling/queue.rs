//! The queue between logins and the thread that looks at their records.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::SystemSampling;
use super::shadow::Picker;
use crate::metrics::table::SAMPLES;
use crate::migrate::{Sample, Sampler};

/// How many records may wait. Stops logins that are faster than the looks at them from filling the memory.
const MOST: usize = 256;

/// How many bytes of records may wait. Stops a few large records from doing the same.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The end of the logins.
pub(super) struct Queue {
    samples: SyncSender<Sample>,
    waiting: Arc<AtomicUsize>,
    /// By the name of the source: which of its records are wanted; `None` for all.
    wanted: BTreeMap<String, Option<Picker>>,
}

/// The end of the thread.
pub(super) struct Samples {
    samples: Receiver<Sample>,
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    /// A queue for the records of these systems.
    pub(super) fn new(systems: &[SystemSampling]) -> (Self, Samples) {
        let (sender, samples) = sync_channel(MOST);
        let waiting = Arc::new(AtomicUsize::new(0));
        // drift looks at every record, and candidate rules then pick theirs among them
        let picker = |system: &SystemSampling| match (&system.drift, &system.shadow) {
            (None, Some(shadow)) => Some(shadow.share.picker()),
            _ => None,
        };
        let wanted = systems.iter().map(|system| (system.source.clone(), picker(system))).collect();
        (Self { samples: sender, waiting: Arc::clone(&waiting), wanted }, Samples { samples, waiting })
    }
}

impl Queue {
    /// Whether every record was looked at.
    pub(super) fn is_done(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }
}

impl Sampler for Queue {
    fn wants(&self, source: &str) -> bool {
        self.wanted.get(source).is_some_and(|picker| picker.as_ref().is_none_or(Picker::picks))
    }

    fn take(&self, sample: Sample) {
        let bytes = sample.record.json().len();
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        if waiting.saturating_add(bytes) > MOST_BYTES || self.samples.try_send(sample).is_err() {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            SAMPLES.add(["dropped".into()], 1);
        }
    }
}

impl Samples {
    /// Waits for the next sample; `None` if no login can come any more.
    pub(super) fn next(&self) -> Option<Sample> {
        self.samples.recv().ok()
    }

    /// Notes that a sample was looked at.
    pub(super) fn done(&self, sample: &Sample) {
        self.waiting.fetch_sub(sample.record.json().len(), Ordering::Release);
    }
}
