//! What was noticed and is not in the ledger yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::{Event, Observation, ObservationKey};

/// How many different observations may wait for the ledger. Stops an outage of the ledger from filling the memory; rules have
/// a few dozen claims, and records a few hundred fields.
const MOST: usize = 5000;

/// How many customers are named per observation until it is noted; the ledger keeps no more.
const CUSTOMERS: usize = 8;

/// Observations by their keys.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<BTreeMap<ObservationKey, Noted>>);

#[derive(Debug, Default)]
struct Noted {
    count: u64,
    /// The newest first.
    customers: Vec<String>,
    event: Option<Event>,
}

impl Notes {
    /// Counts an observation, once.
    pub(super) fn add(&self, key: ObservationKey, customer: Option<&str>, event: Option<Event>) {
        let mut notes = self.lock();
        if notes.len() >= MOST && !notes.contains_key(&key) {
            return;
        }
        let noted = notes.entry(key).or_default();
        noted.count += 1;
        noted.event = noted.event.take().or(event);
        if let Some(customer) =
            customer.filter(|customer| noted.customers.first().is_none_or(|first| first != customer))
        {
            noted.customers.insert(0, customer.to_owned());
            noted.customers.truncate(CUSTOMERS);
        }
    }

    /// Takes all observations.
    pub(super) fn take(&self) -> Vec<Observation> {
        let notes = std::mem::take(&mut *self.lock());
        let observation = |(key, Noted { count, customers, event })| Observation { key, count, customers, event };
        notes.into_iter().map(observation).collect()
    }

    /// Puts observations back that could not be noted.
    pub(super) fn put_back(&self, observations: Vec<Observation>) {
        let mut notes = self.lock();
        for Observation { key, count, customers, event } in observations {
            let noted = notes.entry(key).or_default();
            noted.count += count;
            noted.customers.extend(customers);
            noted.customers.truncate(CUSTOMERS);
            noted.event = event.or(noted.event.take());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObservationKey, Noted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
