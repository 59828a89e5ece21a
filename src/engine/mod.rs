//! The engine: rules become a plan once, and the plan turns records into accounts.
//!
//! It is pure: no network, disk, clock, environment or randomness. The same record and facts give the same result.

pub mod condition;
pub mod context;
pub mod limits;
pub mod lookup;
pub mod op;
pub mod operand;
pub mod ops;
pub mod path;
mod query;
pub mod script;
pub mod steps;
