//! Bytes to headers: link layers, IP, tunnels, transport.
//!
//! One file per protocol, each a view over borrowed bytes with one checked door (`parse`), after
//! which no accessor can fail. [`decode`] walks a frame from its link layer to the innermost
//! transport header it can reach, and says in a [`Packet`] what it found and where it stopped.
//!
//! No I/O, no allocation, no `unsafe`, no clock: any bytes in, a packet out.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod ayiya;
pub mod bridge;
pub mod capwap;
pub mod chdlc;
pub mod dccp;
pub mod erspan;
pub mod etherip;
pub mod fddi;
pub mod frame_relay;
pub mod geneve;
pub mod gre;
pub mod gtp;
pub mod ieee80211;
pub mod igmp;
pub mod ipoib;
pub mod l2tp;
pub mod lisp;
pub mod llc;
pub mod loopback;
pub mod macsec;
pub mod mpls;
pub mod nflog;
pub mod pf;
pub mod pim;
pub mod pktap;
pub mod ppi;
pub mod ppp;
pub mod pppoe;
pub mod protocol;
pub mod sctp;
pub mod sll;
pub mod tcp_flags;
pub mod teredo;
pub mod vxlan;

mod arp;
mod checksum;
mod decode;
mod error;
mod ethernet;
mod icmp;
mod ipv4;
mod ipv6;
mod ipv6_ext;
mod packet;
mod rest;
mod tcp;
mod tunnel_path;
mod udp;
mod vlan;

pub use arp::Arp;
pub use checksum::Checksum;
pub use decode::{decode, decode_beginning, decode_payload, link_is_known};
pub use error::{DecodeError, Reason};
pub use ethernet::{EtherType, Ethernet};
pub use icmp::Icmp;
pub use ipv4::Ipv4;
pub use ipv6::Ipv6;
pub use ipv6_ext::{Ah, Extension, FragmentHeader};
pub use packet::{Address, Layer, LayerStack, Layers, Marks, Options, Packet, Transport, Vlan};
pub use tcp::{Tcp, TcpOption, TcpOptions};
pub use tunnel_path::{TunnelPath, tunnel_path};
pub use udp::Udp;
pub use vlan::VlanTag;
