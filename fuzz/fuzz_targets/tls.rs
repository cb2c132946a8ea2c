//! See `flowloom_fuzz::tls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::tls(data));
