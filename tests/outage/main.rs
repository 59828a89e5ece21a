//! The service as a process while what it stands on fails: the legacy system, the ledger, the account store, the disk; and
//! what a customer is told, which is the same for every refusal.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where it fails"
)]

#[path = "../support/running.rs"]
mod running;
#[path = "../support/shop.rs"]
mod shop;

mod bad_records;
mod files_gone;
mod full_disk;
mod house;
mod ledger_down;
mod legacy_down;
mod one_answer;
