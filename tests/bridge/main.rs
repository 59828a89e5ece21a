//! Bridges: golden cases of every dialect, and whole logins through `landfall serve` as each product asks them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(all(feature = "cli", unix))]

#[path = "../support/running.rs"]
#[allow(dead_code, reason = "not every helper is needed here")]
mod running;
#[path = "../support/servers/mod.rs"]
mod servers;

mod cases;
mod clients;
mod decisions;
mod imported;
mod kratos;
mod pending;
mod shop;
