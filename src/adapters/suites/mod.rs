//! The behaviour of every source, target and ledger: one suite for each port, run over all adapters.

pub(in crate::adapters) mod attempts;
mod binding;
pub(in crate::adapters) mod ledger;
mod legacy_use;
pub(in crate::adapters) mod limits;
pub(in crate::adapters) mod nonces;
pub(in crate::adapters) mod observations;
mod outbox;
#[cfg(feature = "postgres")]
pub(in crate::adapters) mod postgres;
pub(in crate::adapters) mod remote_target;
pub(in crate::adapters) mod reports;
pub(in crate::adapters) mod source;
pub(in crate::adapters) mod target;
pub(in crate::adapters) mod write_back;
