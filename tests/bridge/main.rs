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

#[path = "../browser/driver.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod driver;
#[path = "../browser/request.rs"]
#[allow(dead_code, reason = "only the browser makes requests")]
mod request;
#[path = "../support/running.rs"]
#[allow(dead_code, reason = "not every helper is needed here")]
mod running;
#[path = "../support/servers/mod.rs"]
mod servers;

mod cases;
mod clients;
mod decisions;
mod keycloak;
mod keycloak_extended;
mod shop;
