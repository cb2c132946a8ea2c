//! See `flowloom_fuzz::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::http(data));
