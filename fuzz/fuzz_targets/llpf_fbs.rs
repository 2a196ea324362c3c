#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirecraft_fuzz::llpf_fbs(data));
