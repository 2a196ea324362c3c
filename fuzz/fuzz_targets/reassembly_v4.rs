#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirecraft_fuzz::reassembly_v4(data));
