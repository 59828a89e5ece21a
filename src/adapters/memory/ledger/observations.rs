//! Observations, with the same behaviour as in the file.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use super::MemoryLedger;
use crate::adapters::ledgers::micros;
use crate::adapters::ledgers::observations::{too_old, with_customers};
use crate::ports::{BoxFuture, Event, Observation, ObservationKey, ObservationKind, Observations, Observed, PortError};

/// The observations.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<ObservationKey, Observed>);

impl Seen {
    /// Adds to the counts; returns the events of what is new.
    fn note(&mut self, observations: &[Observation], at: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        for Observation { key, count, customers, event } in observations {
            match self.0.entry(key.clone()) {
                Entry::Vacant(entry) => {
                    let (key, customers) = (key.clone(), with_customers(customers, &[]));
                    entry.insert(Observed { key, count: *count, first_at: at, last_at: at, customers });
                    events.extend(event.clone());
                }
                Entry::Occupied(mut entry) => {
                    let seen = entry.get_mut();
                    seen.count = seen.count.saturating_add(*count);
                    seen.last_at = seen.last_at.max(at);
                    seen.customers = with_customers(customers, &seen.customers);
                }
            }
        }
        self.0.retain(|key, seen| key.kind != ObservationKind::Shadow || micros(seen.last_at) >= too_old(at));
        events
    }
}

impl Observations for MemoryLedger {
    fn note<'a>(&'a self, observations: &'a [Observation], at: Timestamp) -> BoxFuture<'a, Result<(), PortError>> {
        self.with(move |state| {
            let events = state.observations.note(observations, at);
            state.outbox.add(&events);
        })
    }

    fn observed(&self) -> BoxFuture<'_, Result<Vec<Observed>, PortError>> {
        self.with(|state| state.observations.0.values().cloned().collect())
    }
}
