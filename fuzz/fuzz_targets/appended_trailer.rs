#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirecraft_fuzz::appended_trailer(data));
