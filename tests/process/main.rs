//! The service as processes: what no signed call may do, what a process is allowed, what it says, and how it ends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

#[path = "../support/mod.rs"]
mod support;

mod ending;
mod limits;
mod signed;
mod signer;
