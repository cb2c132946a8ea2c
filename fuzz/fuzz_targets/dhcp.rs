//! See `flowloom_fuzz::dhcp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::dhcp(data));
