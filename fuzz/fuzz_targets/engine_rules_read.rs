//! Reads arbitrary text as rules and formats it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::engine::rules_read(data));
