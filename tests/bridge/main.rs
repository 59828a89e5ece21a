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

#[path = "../targets/client.rs"]
#[allow(dead_code, reason = "the tests of targets use the rest")]
mod client;
#[path = "../browser/driver.rs"]
#[allow(dead_code, reason = "the tests of the demo use the rest")]
mod driver;
#[path = "../browser/request.rs"]
#[allow(dead_code, reason = "the tests of the demo use the rest")]
mod request;
#[path = "../support/running.rs"]
#[allow(dead_code, reason = "not every helper is needed here")]
mod running;

#[path = "../support/servers/mod.rs"]
mod servers;
#[path = "../targets/visit.rs"]
#[allow(dead_code, reason = "the tests of targets use the rest")]
mod visit;

mod cases;
mod clients;
mod decisions;
mod glewlwyd;
mod later_logins;
mod networks;
mod outages;
mod scripts;
mod shop;
