//! The folders of `examples`, the programs in it, and the pages for newcomers: every command on their pages is run, and what it
//! prints is compared with what they show.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]
#![cfg(all(feature = "cli", unix))]

#[path = "../../examples/custom_source.rs"]
#[allow(dead_code, reason = "tests call `run` instead of `main`")]
mod custom_source;
#[path = "../../examples/embed.rs"]
#[allow(dead_code, reason = "tests call `run` instead of `main`")]
mod embed;
#[path = "../support/fetched.rs"]
mod fetched;
#[path = "../support/pages.rs"]
mod pages;
#[path = "../support/pattern.rs"]
mod pattern;
#[allow(dead_code, reason = "no server is started")]
#[path = "../support/servers/programs.rs"]
mod programs;
#[path = "../support/reader.rs"]
mod reader;
#[allow(dead_code, reason = "not every helper is needed here")]
#[path = "../support/running.rs"]
mod running;
#[path = "../support/terminal.rs"]
mod terminal;

mod csv;
mod ldap;
mod library;
mod quick_start;
mod rdbms;
mod rest;
mod spark;
mod wordpress;
