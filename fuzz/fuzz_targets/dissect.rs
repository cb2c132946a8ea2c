//! See `flowloom_fuzz::dissect`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::dissect(data));
