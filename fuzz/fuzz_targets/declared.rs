//! See `flowloom_fuzz::declared`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::declared(data));
