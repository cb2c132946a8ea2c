//! See `flowloom_fuzz::x509`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::x509(data));
