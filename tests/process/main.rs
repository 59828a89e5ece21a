//! The program as processes: signed calls, process limits, startup output, and shutdown of the service; commands that read
//! exports, and commands that watch files.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and prints its measurements"
)]

#[path = "../support/mod.rs"]
mod support;

mod ending;
mod exports;
mod limits;
mod shadow;
mod signed;
mod signer;
mod watching;
