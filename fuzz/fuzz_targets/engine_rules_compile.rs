//! Compiles arbitrary text as rules.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::engine::rules_compile(data));
