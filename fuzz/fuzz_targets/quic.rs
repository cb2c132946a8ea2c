//! See `flowloom_fuzz::quic`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::quic(data));
