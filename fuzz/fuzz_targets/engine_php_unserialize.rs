//! Decodes arbitrary bytes as PHP's serialised data.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::engine::php_unserialize(data));
