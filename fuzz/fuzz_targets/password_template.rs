//! Compiles and evaluates arbitrary digest templates.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| landfall_fuzz::password_template(data));
