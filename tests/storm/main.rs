//! The service as processes: many concurrent first logins, and power cuts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test panics when it fails, and prints its measurements"
)]

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod ledger;
mod power_cuts;
