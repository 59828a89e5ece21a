//! The login over adapters in memory: one account per customer, only after proof, and every refusal alike.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

mod counting;
mod faults;
mod guessing;
mod hooks;
mod house;
mod once;
mod operations;
mod races;
mod refusals;
mod spelling;
mod takeover;
