//! A hostile world in front of the real program: identifiers that mean something to an address, a filter or a body, servers
//! that lead elsewhere, and names that resolve to closed addresses.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(all(feature = "cli", unix))]

#[allow(dead_code, reason = "every test binary uses a part of it")]
#[path = "../support/running.rs"]
mod running;
#[path = "../support/servers/mod.rs"]
mod servers;

mod directory;
mod generator;
mod house;
mod names;
mod reach;
