//! Protocols that are named and not parsed: the column `application` has them.
//!
//! A row says how the first bytes of a side, or a datagram, are recognised. Certain is only what has
//! a magic number, or lengths and values that fit together; what has less is believed at its port.

mod binary;
mod datagram;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use crate::{Match, Opening, Protocol, Transport};

/// The protocols of this folder.
pub(crate) fn protocols() -> impl Iterator<Item = Arc<dyn Protocol>> {
    NAMED.iter().flat_map(|table| table.iter()).map(|named| Arc::new(NamedProtocol(named)) as _)
}

/// A protocol that is named and not parsed.
#[derive(Debug)]
struct Named {
    name: &'static str,
    /// Over TCP.
    tcp: &'static [u16],
    /// Over UDP.
    udp: &'static [u16],
    /// What its first bytes over TCP tell.
    stream: fn(&[u8]) -> Match,
    /// What a datagram tells; where it has none, [`never`].
    datagram: fn(&[u8]) -> Match,
}

#[derive(Debug)]
struct NamedProtocol(&'static Named);

impl Protocol for NamedProtocol {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn ports(&self, transport: Transport) -> &[u16] {
        match transport {
            Transport::Tcp => self.0.tcp,
            Transport::Udp => self.0.udp,
        }
    }

    fn probe(&self, opening: &Opening<'_>) -> Match {
        match opening.transport {
            Transport::Tcp => (self.0.stream)(opening.bytes),
            Transport::Udp => (self.0.datagram)(opening.bytes),
        }
    }
}

/// For a transport over which a protocol does not run.
fn never(_: &[u8]) -> Match {
    Match::No
}

/// Certain or not at all.
fn yes_if(is_it: bool) -> Match {
    if is_it { Match::Yes } else { Match::No }
}

/// Believed at its port, or not at all.
fn maybe_if(is_it: bool) -> Match {
    if is_it { Match::Maybe } else { Match::No }
}

/// Whether the bytes begin with one of these, all of which are certain.
fn starts(bytes: &[u8], starts: &[&[u8]]) -> Match {
    if starts.iter().any(|start| bytes.starts_with(start)) {
        Match::Yes
    } else if starts.iter().any(|start| start.starts_with(bytes)) {
        Match::NeedMore
    } else {
        Match::No
    }
}

/// Two bytes at a place, most significant first.
fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes).into())
}

/// Four bytes at a place, most significant first.
fn be32(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) as usize)
}

/// Four bytes at a place, least significant first.
fn le32(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// All tables.
const NAMED: [&[Named]; 3] = [text::PROTOCOLS, binary::PROTOCOLS, datagram::PROTOCOLS];
