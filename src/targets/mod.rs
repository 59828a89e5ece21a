//! Where accounts are stored.
//!
//! Every target creates one account per customer however many logins race, writes nothing on a conflict, and pays for one hash
//! whatever it answers. One suite, `suite_tests.rs`, holds all of them to it.

#[cfg(test)]
mod binding_tests;
mod id;
mod memory;
mod store;
#[cfg(test)]
mod suite_tests;
mod verification;

pub use memory::MemoryTarget;
pub use store::{AccountStore, StoreSettings};
