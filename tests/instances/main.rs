//! Several instances on one PostgreSQL database: whole logins, with pools of their own, while the server restarts.

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

#[path = "../login/fixture.rs"]
#[allow(dead_code, reason = "the logins of these tests need a part of it")]
mod fixture;
#[path = "../support/servers/mod.rs"]
mod servers;

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the processes of these tests need a part of it")]
mod support;

mod commits;
mod logins;
mod processes;
mod setting;
