//! How observations are stored: their bounds, and rows read back.

use std::time::Duration;

use jiff::Timestamp;

use super::stamp::{stamp, tags, unsigned};
use super::time::micros;
use crate::adapters::refusal::refusal;
use crate::ports::{Observation, ObservationKey, ObservationKind, Observed};

/// How many customers of an observation are kept: enough to look at, and bounded.
const MAX_CUSTOMERS: usize = 8;

/// How long an observation of candidate rules is kept that nobody makes any more.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The time before which the last sight of an observation is too long ago.
pub(in crate::adapters) fn too_old(at: Timestamp) -> i64 {
    micros(at).saturating_sub(i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX))
}

/// The customers of an observation with those that were stored before.
pub(in crate::adapters) fn with_customers(new: &[String], stored: &[String]) -> Vec<String> {
    let mut customers: Vec<String> = Vec::new();
    for customer in new.iter().chain(stored) {
        if customers.len() < MAX_CUSTOMERS && !customers.contains(customer) {
            customers.push(customer.clone());
        }
    }
    customers
}

/// Observations in the order of their keys, so that instances lock the same rows in the same order.
pub(in crate::adapters) fn in_order(observations: &[Observation]) -> Vec<Observation> {
    let mut ordered = observations.to_vec();
    ordered.sort_by(|one, other| one.key.cmp(&other.key));
    ordered
}

/// The stored form of a count.
pub(in crate::adapters) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A row: kind, source, about, name, change, count, first_at, last_at, customers.
pub(in crate::adapters) type ObservationRow = (String, String, String, String, String, i64, i64, i64, String);

/// The observations of rows, in the order of their keys: databases sort texts by other rules.
pub(in crate::adapters) fn all_observed(rows: Vec<ObservationRow>) -> Result<Vec<Observed>, sqlx::Error> {
    let mut all = rows.into_iter().map(observed).collect::<Result<Vec<_>, _>>()?;
    all.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(all)
}

fn observed(row: ObservationRow) -> Result<Observed, sqlx::Error> {
    let (kind, source, about, name, change, count, first_at, last_at, customers) = row;
    let kind = ObservationKind::from_name(&kind).ok_or_else(|| refusal("an observation of the ledger is invalid"))?;
    Ok(Observed {
        key: ObservationKey { kind, source, about, name, change },
        count: unsigned(count)?,
        first_at: stamp(first_at)?,
        last_at: stamp(last_at)?,
        customers: stored_customers(&customers)?,
    })
}

/// The customers of a row.
pub(in crate::adapters) fn stored_customers(json: &str) -> Result<Vec<String>, sqlx::Error> {
    tags(json)
}
