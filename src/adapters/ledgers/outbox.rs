//! Deliveries: their rows, and their due times.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::stamp::{stamp, tags};
use super::time::{later, micros};
use crate::adapters::refusal::refusal;
use crate::ports::{DeliveryState, Event, EventKind, LegacyKey, MigratedCustomer, Outgoing, TargetId, Undelivered};

/// The due time of a dead delivery: never.
pub(in crate::adapters) const DEAD: i64 = i64::MAX;

/// No wait for a repetition is longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// The latest due time of a delivery to a receiver that is told this long after an event. A later one was written by a
/// clock that has been set back since, and the delivery is scheduled again.
pub(in crate::adapters) fn latest_due(now: Timestamp, after: Duration) -> i64 {
    later(now, after.saturating_add(LONGEST_WAIT))
}

/// A duration in microseconds. Small enough to be added to a time.
pub(in crate::adapters) fn length(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}

/// The state of a delivery as stored: when it is due and what went wrong; `None` if it was accepted.
pub(in crate::adapters) type Ended = Option<(i64, String)>;

/// A state as it is stored.
pub(in crate::adapters) fn ended(state: DeliveryState<'_>) -> Ended {
    match state {
        DeliveryState::Accepted => None,
        DeliveryState::Again { at, why } => Some((micros(at), why.to_owned())),
        DeliveryState::Dead { why } => Some((DEAD, why.to_owned())),
        DeliveryState::Rehearsed => Some((DEAD, Undelivered::REHEARSED.to_owned())),
    }
}

/// An event with its delivery: id, at, kind, reason, account, request id, tags, source, legacy id, kept values, attempts.
pub(in crate::adapters) type OutboxRow =
    (i64, i64, String, String, Option<String>, String, String, Option<String>, Option<String>, Option<String>, i64);

/// The delivery of a row.
pub(in crate::adapters) fn outgoing(row: OutboxRow) -> Result<Outgoing, sqlx::Error> {
    let (id, at, kind, reason, account, request_id, tags_text, source, legacy_id, kept_text, attempts) = row;
    let kind = EventKind::from_name(&kind).ok_or_else(|| refusal("an event of the ledger has an unknown kind"))?;
    let (at, account) = (stamp(at)?, account.map(TargetId));
    let customer = match (source, legacy_id) {
        (Some(source), Some(id)) => {
            Some(MigratedCustomer { key: LegacyKey { source, id }, at, kept: kept(kept_text)? })
        }
        _ => None,
    };
    let event = Event { at, kind, reason, account, request_id, tags: tags(&tags_text)?, customer };
    Ok(Outgoing { id, attempts: number(attempts.saturating_add(1)), event })
}

/// The stored form of the values that are kept of a customer: a JSON object.
pub(in crate::adapters) fn kept_json(customer: &MigratedCustomer) -> String {
    serde_json::json!(customer.kept).to_string()
}

fn kept(json: Option<String>) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let read = json.map(|json| serde_json::from_str(&json)).transpose();
    read.map(Option::unwrap_or_default).map_err(|_| refusal("the values of an event cannot be read"))
}

/// A stored number of attempts.
fn number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(if count < 0 { 0 } else { u32::MAX })
}

/// An event and its delivery, if it has one: id, receiver, at, account, source, legacy id, attempts, due at, why.
pub(in crate::adapters) type UndeliveredRow = (
    i64,
    Option<String>,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
);

/// What is said of a delivery that was not accepted.
pub(in crate::adapters) fn undelivered(row: UndeliveredRow) -> Result<Undelivered, sqlx::Error> {
    let (id, receiver, at, account, source, legacy_id, attempts, due_at, why) = row;
    let due_at = due_at.unwrap_or(at);
    Ok(Undelivered {
        id,
        receiver: receiver.unwrap_or_default(),
        at: stamp(at)?,
        account: account.map(TargetId),
        key: source.zip(legacy_id).map(|(source, id)| LegacyKey { source, id }),
        attempts: number(attempts.unwrap_or_default()),
        due_at: if due_at == DEAD { None } else { Some(stamp(due_at)?) },
        why: why.unwrap_or_default(),
    })
}
