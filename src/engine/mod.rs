//! The engine: compiles rules into a plan, which turns records into accounts.
//!
//! It is pure: no network, disk, clock, environment or randomness. The same record and facts give the same result.

mod by_param;
pub mod capture;
pub mod compile;
pub mod condition;
pub mod context;
mod digest_part;
pub(crate) mod late;
pub mod limits;
pub mod lookup;
pub mod op;
pub mod operand;
pub mod ops;
pub mod outcome;
mod output;
pub mod path;
pub mod plan;
pub mod possible;
pub mod probe;
mod query;
pub mod run;
mod scheme;
pub mod script;
pub mod steps;
pub mod trace;
mod unread;
