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

mod cases;
mod clients;
mod decisions;
mod open_paths;
mod shop;
mod wso2_restart;
mod wso2_script;
mod zitadel_reset;
