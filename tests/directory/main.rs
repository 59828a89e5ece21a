//! Directories as sources and verifiers: a real slapd and a real Samba behind whole logins.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(all(feature = "cli", feature = "ldap", unix))]

#[path = "../support/servers/mod.rs"]
mod servers;

#[path = "../support/running.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod running;

mod openldap;
mod parts;
mod samba;
mod suite;
mod write_back;
