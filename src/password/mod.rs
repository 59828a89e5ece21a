//! Every stored hash, proved safely.

pub mod lane;
pub mod matrix;
pub mod store;
pub mod template;
