//! Legacy systems behind HTTP: faults of servers, and real products.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]
#![cfg(all(feature = "cli", unix))]

#[path = "../support/running.rs"]
#[allow(dead_code, reason = "these tests make no hashes")]
mod running;
#[path = "../support/servers/mod.rs"]
mod servers;
#[path = "../support/service.rs"]
#[allow(dead_code, reason = "not every helper is needed here")]
mod support_service;

mod cognito;
mod fault_server;
mod keycloak;
mod service;
mod wordpress;
