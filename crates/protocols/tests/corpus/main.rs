//! What is found in the captures of the corpus, against the facts that tshark wrote.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "the figures are what the tests are for"
)]

mod applications;
mod common;

mod http;
mod names_and_leases;
mod quic;
mod review;
mod ssh;
mod tls;
mod upstream;
