//! Drift: live records whose fields differ from those that were assessed.
//!
//! A field that the assessment does not have, a kind that a field did not have, and a new value of a field that had only few
//! are told once enough records show them: one odd record is no drift, and a name that only one record has may be a value of
//! its customer. A field has disappeared when so many records in a row lack it that this is no chance, given how many
//! had it. Each is told once for each field. Below a field that appeared or disappeared nothing more is told.

mod baseline;
mod walk;

use std::collections::HashMap;

use bumpalo::Bump;
use jiff::Timestamp;

pub use baseline::{Baseline, BaselineError};

use super::notes::Notes;
use crate::metrics::table::DRIFTS;
use crate::migrate::Sample;
use crate::model::read::parse;
use crate::ports::{Event, EventKind, ObservationKey, ObservationKind};
use walk::Sight;

/// How many fields are watched that the assessment does not have. Stops records with invented names from filling the memory.
const MOST_UNKNOWN: usize = 1000;

/// How many drifts are told since the start. Bounds the metrics and the ledger; after so many, the assessment is worth
/// nothing any more.
const MOST_TOLD: usize = 200;

/// How a field differs from the assessment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    /// The assessment does not have it.
    Appeared,
    /// It has no value any more.
    Disappeared,
    /// It has a value of a kind that it did not have.
    NewKind,
    /// It has a value that is none of the few that it had.
    NewValue,
}

impl Drift {
    fn name(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Disappeared => "disappeared",
            Self::NewKind => "new_kind",
            Self::NewValue => "new_value",
        }
    }
}

/// Looks at the records of one system.
pub(super) struct Look {
    source: String,
    baseline: Baseline,
    /// How many records must show a change.
    enough: u32,
    sends_events: bool,
    /// How many records were looked at.
    records: u64,
    /// What was seen of the fields of the assessment, in its order.
    seen: Vec<Seen>,
    /// How many records had a field that the assessment does not have; `None` once it was told.
    unknown: HashMap<String, Option<u32>>,
    told: usize,
}

/// What was seen of a field of the assessment.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// The number of the last record in which it had a value.
    filled_at: u64,
    new_kind: Counted,
    new_value: Counted,
    is_missed: bool,
}

/// Records that show a change, until it is told.
#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    records: u32,
    last: u64,
}

impl Counted {
    /// Counts a record once. Returns whether it is the one that makes enough.
    fn count(&mut self, record: u64, enough: u32) -> bool {
        if self.last == record {
            return false;
        }
        (self.last, self.records) = (record, self.records.saturating_add(1));
        self.records == enough
    }
}

impl Look {
    pub(super) fn new(source: &str, baseline: Baseline, enough: u32, sends_events: bool) -> Self {
        let seen = vec![Seen::default(); baseline.fields().len()];
        let source = source.to_owned();
        Self { source, baseline, enough, sends_events, records: 0, seen, unknown: HashMap::new(), told: 0 }
    }

    /// Looks at one record, and notes what enough records show now.
    pub(super) fn look(&mut self, sample: &Sample, at: Timestamp, arena: &Bump, notes: &Notes) {
        // what cannot be read is an invalid record, and told as such
        let Ok(record) = parse(sample.record.json(), arena, &sample.settings.limits) else { return };
        self.records += 1;
        let mut found = Vec::new();
        for sight in walk::sights(record, &self.baseline) {
            if let Some((field, drift)) = self.seen(sight) {
                found.push((field, drift));
            }
        }
        self.missed(&mut found);
        for (field, drift) in found {
            self.tell(&field, drift, at, notes);
        }
    }

    /// Counts what a record shows of one field.
    fn seen(&mut self, sight: Sight) -> Option<(String, Drift)> {
        let (record, enough) = (self.records, self.enough);
        match sight {
            Sight::Unknown(path) => {
                let is_full = self.unknown.len() >= MOST_UNKNOWN && !self.unknown.contains_key(&path);
                let records = if is_full { return None } else { self.unknown.entry(path.clone()).or_insert(Some(0)) };
                let count = records.as_mut()?;
                *count += 1;
                (*count >= enough).then(|| {
                    *records = None;
                    (path, Drift::Appeared)
                })
            }
            Sight::Known { field, is_new_kind, is_new_value } => {
                let seen = self.seen.get_mut(field)?;
                seen.filled_at = record;
                let is_told = (is_new_kind && seen.new_kind.count(record, enough)).then_some(Drift::NewKind);
                let drift = is_told
                    .or_else(|| (is_new_value && seen.new_value.count(record, enough)).then_some(Drift::NewValue))?;
                Some((self.baseline.fields().get(field)?.path.clone(), drift))
            }
        }
    }

    /// Finds the fields that no record has had for too long.
    fn missed(&mut self, found: &mut Vec<(String, Drift)>) {
        for at in 0..self.seen.len() {
            let (Some(field), Some(seen)) = (self.baseline.fields().get(at), self.seen.get(at)) else { return };
            let is_gone = |seen: &Seen, after: u64| self.records.saturating_sub(seen.filled_at) >= after;
            if seen.is_missed || !is_gone(seen, field.missed_after) {
                continue;
            }
            let parent = field.parent.and_then(|parent| self.seen.get(parent).zip(self.baseline.fields().get(parent)));
            // a field inside of one that is empty now, too
            let has_parent =
                parent.is_none_or(|(seen, parent)| !is_gone(seen, parent.missed_after.min(field.missed_after)));
            let path = field.path.clone();
            if let Some(seen) = self.seen.get_mut(at) {
                seen.is_missed = true;
            }
            if has_parent {
                found.push((path, Drift::Disappeared));
            }
        }
    }

    /// Notes a drift, with an event if it is the first of its kind.
    fn tell(&mut self, field: &str, drift: Drift, at: Timestamp, notes: &Notes) {
        if self.told >= MOST_TOLD {
            return;
        }
        self.told += 1;
        let (source, field, change) = (&self.source, walk::shortened(field), drift.name());
        DRIFTS.add([source.clone().into(), field.clone().into(), change.into()], 1);
        tracing::warn!(source, field, change, "the legacy records differ from the assessment");
        let event = Event {
            at,
            kind: EventKind::Drift,
            reason: change.to_owned(),
            account: None,
            request_id: String::new(),
            tags: vec![format!("source:{source}"), format!("field:{field}")],
            customer: None,
        };
        let key = ObservationKey {
            kind: ObservationKind::Drift,
            source: source.clone(),
            about: self.baseline.digest().to_owned(),
            name: field,
            change: change.to_owned(),
        };
        notes.add(key, None, self.sends_events.then_some(event));
    }
}
