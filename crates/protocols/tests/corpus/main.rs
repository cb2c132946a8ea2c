//! What is found in the captures of the corpus, against the facts that tshark wrote.

mod common;
mod declared;
mod http;
mod names_and_leases;
mod quic;
mod ssh;
mod tls;
