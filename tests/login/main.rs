//! The login with in-memory adapters: one account per customer, only after verification, and equal answers to all
//! refusals.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test panics when it fails, and prints its measurements"
)]

mod bulk;
mod capabilities;
mod counting;
mod faults;
mod fixture;
mod guessing;
mod handover;
mod hooks;
mod once;
mod operations;
mod overload;
mod races;
mod refusals;
mod remote;
mod several;
mod spelling;
mod systems;
mod takeover;
mod verifiers;
mod write_back;
