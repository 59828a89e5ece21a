//! Secret canaries: every secret and every personal value of a running service is a unique text. After all operations
//! were used, the tests search for these texts, in every encoding, wherever they do not belong.

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
#[path = "../support/servers/mod.rs"]
mod servers;

mod broken_settings;
mod canary;
mod databases;
mod directories;
mod directory;
mod house;
mod legacy;
mod operations;
mod receiver;
mod scan;
mod secrecy;
mod shop;
mod trace;
mod visitor;
mod web_apis;
mod write_backs;
