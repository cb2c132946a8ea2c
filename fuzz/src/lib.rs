//! Any bytes into every reader, header and parser: one function for each, which panics when what
//! comes out breaks a rule, not only when the code under test panics.
//!
//! `cargo xtask fuzz` has libFuzzer look for such bytes; `tests/stable.rs` tries random ones and
//! damaged samples, in seconds.

mod datagrams;
mod declared;
mod decode;
mod defrag;
mod dissect;
mod filter;
mod headers;
mod http;
mod icmp;
mod openvpn;
mod quic;
mod read;
pub mod seeds;
mod sequence;
mod ssh;
mod starttls;
mod stream;
mod talk;
mod tls;
mod x509;

pub use datagrams::{dhcp, dns};
pub use declared::{declared, yaml_loader};
pub use decode::{decode, payload};
pub use defrag::defrag;
pub use dissect::dissect;
pub use filter::filter;
pub use headers::headers;
pub use http::{http, http2};
pub use icmp::icmp;
pub use openvpn::openvpn;
pub use quic::quic;
pub use read::{compressed, pcap, pcapng, snoop};
pub use sequence::sequence;
pub use ssh::ssh;
pub use starttls::starttls;
pub use stream::stream;
pub use tls::tls;
pub use x509::x509;

/// A function that any bytes are put into.
pub type Target = fn(&[u8]);

/// All of them, by the names they have for `cargo xtask fuzz`.
pub const TARGETS: &[(&str, Target)] = &[
    ("pcap", pcap),
    ("pcapng", pcapng),
    ("snoop", snoop),
    ("compressed", compressed),
    ("decode", decode),
    ("headers", headers),
    ("payload", payload),
    ("defrag", defrag),
    ("dissect", dissect),
    ("sequence", sequence),
    ("stream", stream),
    ("filter", filter),
    ("quic", quic),
    ("dns", dns),
    ("dhcp", dhcp),
    ("declared", declared),
    ("yaml_loader", yaml_loader),
    ("ssh", ssh),
    ("starttls", starttls),
    ("tls", tls),
    ("http", http),
    ("openvpn", openvpn),
    ("http2", http2),
    ("icmp", icmp),
    ("x509", x509),
];
