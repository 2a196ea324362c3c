#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirecraft_fuzz::gateway_roles(data));
