//! The service as a process while its dependencies fail: the legacy system, the ledger, the account store, the disk.
//! Also checks that customers get the same answer for every refusal.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test panics when it fails"
)]

#[path = "../support/running.rs"]
mod running;
#[path = "../support/shop.rs"]
mod shop;

mod bad_records;
mod files_gone;
mod fixture;
mod full_disk;
mod ledger_down;
mod legacy_down;
mod one_answer;
mod write_back;
