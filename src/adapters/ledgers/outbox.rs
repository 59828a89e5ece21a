//! Deliveries: their rows, and their due times.

use std::time::Duration;

use super::stamp::{stamp, tags};
use crate::adapters::refusal::refusal;
use crate::ports::{DeliveryState, Event, EventKind, Outgoing, TargetId};

/// The due time of a dead delivery: never.
pub(in crate::adapters) const DEAD: i64 = i64::MAX;

/// No wait is longer than this. A later due time was written by a clock that has been set back since, and the delivery
/// is due now.
pub(in crate::adapters) const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// The columns of a delivery: id, at, kind, reason, account, request id, tags, attempts.
pub(in crate::adapters) type OutboxRow = (i64, i64, String, String, Option<String>, String, String, i64);

/// The delivery of a row.
pub(in crate::adapters) fn outgoing(row: OutboxRow) -> Result<Outgoing, sqlx::Error> {
    let (id, at, kind, reason, account, request_id, tags_text, attempts) = row;
    let kind = EventKind::from_name(&kind).ok_or_else(|| refusal("an event of the ledger has an unknown kind"))?;
    let account = account.map(TargetId);
    let event = Event { at: stamp(at)?, kind, reason, account, request_id, tags: tags(&tags_text)? };
    Ok(Outgoing { id, attempts: u32::try_from(attempts.saturating_add(1)).unwrap_or(u32::MAX), event })
}

/// When a delivery in this state is due; `None` if it is not sent any more.
pub(in crate::adapters) fn due_at(state: DeliveryState) -> Option<i64> {
    match state {
        DeliveryState::Accepted => None,
        DeliveryState::Again(at) => Some(super::time::micros(at)),
        DeliveryState::Dead => Some(DEAD),
    }
}
