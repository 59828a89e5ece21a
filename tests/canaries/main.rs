//! Secret canaries: every secret and every personal value of a running service is a text that stands nowhere else, and after
//! all operations were used it is looked for, in every form, wherever it does not belong.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]

#[path = "../support/running.rs"]
mod running;

mod broken_settings;
mod canary;
mod operations;
mod receiver;
mod scan;
mod secrecy;
mod shop;
mod visitor;
