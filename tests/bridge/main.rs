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
#[path = "../storm/ledger.rs"]
mod ledger;
#[path = "../support/pattern.rs"]
mod pattern;
#[path = "../browser/request.rs"]
#[allow(dead_code, reason = "only the browser makes requests")]
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
mod cognito;
mod crowd;
mod decisions;
mod demo;
mod fuzz;
mod glewlwyd;
mod imported;
mod keycloak;
mod keycloak_extended;
mod kratos;
mod later_logins;
mod login_scripts;
mod logs;
mod logto;
mod networks;
mod node;
mod open_paths;
mod outages;
mod page;
mod pending;
mod refusals;
mod scripts;
mod shop;
mod storm;
mod wso2_restart;
mod wso2_script;
mod zitadel_reset;
