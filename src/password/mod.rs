//! Every stored hash, proved safely.

pub mod template;
