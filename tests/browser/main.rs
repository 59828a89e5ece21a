//! `landfall demo`: its pages as a client reads them, and in a real browser.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]
#![cfg(feature = "cli")]

#[allow(dead_code, reason = "other tests use the rest")]
mod driver;
mod process;
mod request;

mod demo_page;
mod in_chromium;
