//! The same for systems where accounts are stored: what a customer is answered while they fail, and what is true afterwards.

pub mod cells;
pub mod database;
mod play;
mod product;
mod settings;

pub use play::play;
