//! The engine from outside: cases, properties, a second implementation, the official suite of JSONPath, and fuzzing.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and says what it measured"
)]

#[path = "../../fuzz/src/engine.rs"]
mod bodies;
#[path = "../../fuzz/src/fields.rs"]
mod fields;
#[path = "../support/pages.rs"]
mod pages;
#[path = "../reference/mod.rs"]
mod reference;

mod cases;
mod diagnostics;
mod differential;
mod fuzz_bodies;
mod jsonpath_cts;
mod legacy_manifest;
mod password_vectors;
mod properties;
mod reference_examples;
mod script_attacks;
mod target_rules;
mod undecided;
