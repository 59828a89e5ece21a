//! The finish line: who remains, and whether the legacy system can be switched off, by the program on ledgers in files and in
//! PostgreSQL.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]
#![cfg(all(feature = "cli", unix))]

#[path = "../support/servers/mod.rs"]
mod servers;
#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod support;

mod decommission;
mod house;
mod remaining;
