//! A second, naive implementation of the rule language, and a generator of rules and records: the oracle of the engine.

pub mod generate;
pub mod interpreter;
mod ops;
mod value;
