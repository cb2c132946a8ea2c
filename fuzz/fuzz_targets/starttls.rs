//! See `flowloom_fuzz::starttls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flowloom_fuzz::starttls(data));
