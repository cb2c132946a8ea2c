//! Bytes to headers: link layers, IP, tunnels, transport.
//!
//! One file per protocol, each a view over borrowed bytes with one checked door (`parse`), after
//! which no accessor can fail. [`decode`] walks a frame from its link layer to the innermost
//! transport header it can reach, and says in a [`Packet`] what it found and where it stopped.
//!
//! No I/O, no allocation, no `unsafe`, no clock: any bytes in, a packet out.
#![forbid(unsafe_code)]

mod arp;
mod decode;
mod error;
mod ethernet;
mod icmp;
mod ipv4;
mod ipv6;
mod ipv6_ext;
mod loopback;
mod packet;
mod protocol;
mod rest;
mod sll;
mod tcp;
mod udp;
mod vlan;

pub use arp::Arp;
pub use decode::{decode, link_is_known};
pub use error::{DecodeError, Reason};
pub use ethernet::{EtherType, Ethernet};
pub use icmp::Icmp;
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use ipv6_ext::{Ah, Extension, FragmentHeader};
pub use loopback::Loopback;
pub use packet::{Address, Layer, LayerStack, Layers, Marks, Options, Packet, Transport, Vlan};
pub use sll::{Hardware, Sll, Sll2};
pub use tcp::{Tcp, TcpOption, TcpOptions};
pub use udp::Udp;
pub use vlan::VlanTag;
