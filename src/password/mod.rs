//! Every stored hash, proved safely.

pub mod lane;
pub mod store;
pub mod template;
