//! A source, an account store and a ledger in memory, for tests. Sources and targets fail on demand ([`Fault`]).

mod fault;
mod ledger;
mod source;
mod target;

pub use fault::{Fault, Faults};
pub use ledger::MemoryLedger;
pub use source::MemorySource;
pub use target::MemoryTarget;
