//! Conversations made to hurt: what they cost grows with their length only, and no more is kept of
//! them than the limits say.
//!
//! Each is held at two lengths, in processes of their own.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what it cannot read, and says what it measured"
)]

mod datagrams;
mod http;
mod measure;
mod tcp;
mod tls;
mod victim;

use measure::Attack;

/// All of them.
const ATTACKS: [&[Attack]; 4] = [tcp::ATTACKS, tls::ATTACKS, http::ATTACKS, datagrams::ATTACKS];

#[test]
fn segments_in_any_order() {
    measure::run(tcp::ATTACKS);
}

#[test]
fn tls_and_dtls() {
    measure::run(tls::ATTACKS);
}

#[test]
fn http_1_and_2() {
    measure::run(http::ATTACKS);
}

#[test]
fn datagrams_and_what_else_there_is() {
    measure::run(datagrams::ATTACKS);
}

#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn in_a_process_of_its_own() {
    measure::run_one(ATTACKS.into_iter().flatten());
}
