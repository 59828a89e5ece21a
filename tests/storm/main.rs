//! The service as processes: many first logins at once, and power cuts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod ledger;
mod power_cuts;
