//! See `flowloom_fuzz::openvpn`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::openvpn(data));
