//! Databases as sources: one behaviour for SQLite, PostgreSQL and MariaDB, exact values, and faults of real servers.

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

#[path = "../support/servers/mod.rs"]
mod servers;

mod columns;
mod connecting;
mod faults;
#[path = "../login/fixture.rs"]
#[allow(dead_code, reason = "the logins of these tests need a part of it")]
mod fixture;

mod hostile_mariadb;
mod hostile_postgres;
mod injection;
mod legacy;
mod login;
mod restarts;
mod suite;
mod values_mariadb;
mod values_postgres;
mod write_back;
