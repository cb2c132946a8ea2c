//! Bytes to headers: link layers, IP, tunnels, transport.
//!
//! One file per protocol, each a view over borrowed bytes with one checked door (`parse`), after
//! which no accessor can fail. [`decode`] walks a frame from its link layer to the innermost
//! transport header it can reach, and says in a [`Packet`] what it found and where it stopped.
//!
//! No I/O, no allocation, no `unsafe`, no clock: any bytes in, a packet out.
#![forbid(unsafe_code)]

mod error;
mod packet;

pub use error::{DecodeError, Reason};
pub use packet::{Address, Layer, LayerStack, Layers, Marks, Options, Packet, Transport, Vlan};
