//! Decodes arbitrary bytes as what directories write.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::engine::ldap(data));
