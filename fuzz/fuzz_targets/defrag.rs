//! See `flowloom_fuzz::defrag`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::defrag(data));
