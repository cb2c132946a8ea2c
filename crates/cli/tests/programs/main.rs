//! Real programs talk in a private network; what is told of their flows is compared with what they
//! report themselves.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail, and say what they did")]

mod dns;
mod http;
mod lab;
mod quic;
mod ssh;
mod tls;
