//! Reads credentials of arbitrary parts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::fields::password_fields(data));
