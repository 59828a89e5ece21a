//! Real products as targets: whole logins through `landfall serve`, and then the customer signs in at the product.

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
#[allow(dead_code, reason = "the tests of the demo use the rest")]
mod driver;
#[path = "../browser/request.rs"]
mod request;
#[path = "../support/running.rs"]
#[allow(dead_code, reason = "not every helper is needed here")]
mod running;
#[path = "../support/servers/mod.rs"]
mod servers;
#[path = "../support/service.rs"]
#[allow(dead_code, reason = "not every helper is needed here")]
mod support_service;

mod client;
mod cognito;
mod glewlwyd;
mod keycloak;
mod life;
mod products;
mod scim;
mod service;
mod visit;
