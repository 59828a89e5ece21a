//! The program as processes: signed calls, process limits, startup output, and shutdown of the service; commands that read
//! exports, and commands that watch files.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and prints its measurements"
)]

#[path = "../support/pages.rs"]
mod pages;
#[path = "../support/pattern.rs"]
mod pattern;
#[path = "../support/mod.rs"]
mod support;

mod assess;
mod ending;
mod exports;
mod limits;
mod rule_tests;
mod segments;
mod shadow;
mod signed;
mod signer;
mod watching;
