//! The behaviour of every source, target and ledger: one suite for each port, run over all adapters.

pub(in crate::adapters) mod attempts;
mod binding;
pub(in crate::adapters) mod ledger;
mod outbox;
mod source;
pub(in crate::adapters) mod target;
