//! Any bytes into every reader, header and parser: one function for each, which panics when what
//! comes out breaks a rule, not only when the code under test panics.
//!
//! `cargo xtask fuzz` has libFuzzer look for such bytes; `tests/stable.rs` tries random ones and
//! damaged samples, in seconds.

mod declared;
mod decode;
mod defrag;
mod filter;
mod headers;
mod quic;
mod read;
pub mod seeds;
mod sequence;

pub use declared::{declared, yaml_loader};
pub use decode::{decode, payload};
pub use defrag::defrag;
pub use filter::filter;
pub use headers::headers;
pub use quic::quic;
pub use read::{compressed, pcap, pcapng, snoop};
pub use sequence::sequence;

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
    ("sequence", sequence),
    ("filter", filter),
    ("quic", quic),
    ("declared", declared),
    ("yaml_loader", yaml_loader),
];
