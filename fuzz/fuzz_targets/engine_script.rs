//! Compiles and runs arbitrary scripts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::engine::script(data));
