//! What all ledgers share, wherever they store it: times as numbers, the windows of counters, the limits of the outbox and
//! of the memory of signed calls, and, for those in databases, what rows mean.

mod attempts;
mod audit;
mod entries;
mod legacy_use;
pub(in crate::adapters) mod limits;
mod nonces;
pub(in crate::adapters) mod observations;
mod outbox;
mod stamp;
mod time;

pub(in crate::adapters) use attempts::{SWEEP, bucket, known_for};
pub(in crate::adapters) use audit::{RowTuple, push_audit_filter, stored_row};
pub(in crate::adapters) use entries::{EntryRow, Existing, finished, push_entry_filter, push_keys, stored_token};
pub(in crate::adapters) use legacy_use::{Tables, UseRows, legacy_use, stuck};
pub(in crate::adapters) use nonces::{DeletesRows, MAX_CALLS, NONCE_SWEEP, Row, Try, UncertainRows, remembered};
pub(in crate::adapters) use outbox::{
    DEAD, Ended, OutboxRow, UndeliveredRow, ended, kept_json, latest_due, length, outgoing, undelivered,
};
pub(in crate::adapters) use stamp::{maybe_stamp, stamp, tags_json, unsigned};
pub(in crate::adapters) use time::{later, latest, micros};
