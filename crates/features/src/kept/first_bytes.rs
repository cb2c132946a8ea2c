//! The first bytes of a flow's first packets, for models that read bytes.

use flowloom_flow::{Arrival, Origin, Population, Seen};
use flowloom_wire::Marks;

use super::record::is_counted;
use super::{LogLimits, captured};

/// Headers and payload of the first counted packets, end to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstBytes {
    bytes: Vec<u8>,
    /// Of each packet, the bytes of its headers and those of its payload.
    lengths: Vec<[u32; 2]>,
    is_cut: bool,
}

/// What those of a partition share.
#[derive(Debug)]
pub struct FirstBytesShared {
    population: Population,
    /// Packets of a flow.
    packets_max: usize,
    /// Bytes of payload of a packet.
    payload_max: u32,
    /// Bytes of all flows at most.
    bytes_max: usize,
    bytes: usize,
    /// Flows that have bytes of fewer packets for want of memory.
    starved: u64,
}

impl FirstBytes {
    pub(crate) fn packet(
        &mut self,
        arrival: &Arrival,
        seen: Seen,
        origin: &impl Origin,
        shared: &mut FirstBytesShared,
    ) {
        let is_full = self.is_cut || self.lengths.len() >= shared.packets_max;
        if is_full || !is_counted(arrival, seen, shared.population) {
            return;
        }
        if shared.bytes >= shared.bytes_max {
            self.is_cut = true;
            shared.starved += 1;
            return;
        }
        let before = self.size();
        let packet = &arrival.packet;
        let bytes = origin.bytes(arrival);
        // What was put together from fragments has no IP header of its own.
        let is_whole = !packet.marks.has(Marks::FRAGMENT);
        let start = if is_whole { packet.ip_offset } else { packet.trans_offset };
        let end = packet.trans_offset.max(packet.app_offset);
        let headers = captured(bytes, start, end.saturating_sub(start).min(HEADERS_MAX));
        let payload = captured(bytes, packet.app_offset, packet.app_len.min(shared.payload_max));
        self.bytes.extend_from_slice(headers);
        self.bytes.extend_from_slice(payload);
        self.lengths.push([headers.len() as u32, payload.len() as u32]);
        shared.bytes += self.size() - before;
    }

    /// The flow has ended.
    pub(crate) fn ended(&mut self, shared: &mut FirstBytesShared) {
        shared.bytes -= self.size();
    }

    /// Headers and payload of each packet.
    pub(crate) fn packets(&self) -> impl Iterator<Item = [&[u8]; 2]> {
        let mut rest = self.bytes.as_slice();
        self.lengths.iter().map(move |lengths| {
            lengths.map(|len| {
                let (own, behind) = rest.split_at(len as usize);
                rest = behind;
                own
            })
        })
    }

    /// Bytes in memory.
    pub(crate) fn size(&self) -> usize {
        self.bytes.capacity() + self.lengths.capacity() * size_of::<[u32; 2]>()
    }
}

impl FirstBytesShared {
    /// What those of one of `partitions` partitions share.
    pub fn new(limits: &LogLimits, population: Population, partitions: usize) -> Self {
        Self {
            population,
            packets_max: limits.bytes_packets_max,
            payload_max: limits.bytes_payload_max,
            bytes_max: limits.first_bytes_max / partitions,
            bytes: 0,
            starved: 0,
        }
    }

    /// Whether so many packets may find that the memory is used up. They double the lists at most.
    pub(crate) fn is_short(&self, packets: usize) -> bool {
        let of_packet = HEADERS_MAX as usize + self.payload_max as usize + PACKET_BYTES;
        2 * self.bytes + packets.saturating_mul(2 * of_packet) > self.bytes_max
    }

    /// Flows that have bytes of fewer packets, because all of them had taken the memory they may.
    pub fn starved(&self) -> u64 {
        self.starved
    }
}

/// Bytes of headers that are kept of a packet: more than the longest of IPv4 and TCP together.
pub(super) const HEADERS_MAX: u32 = 256;
/// What a packet takes beside its bytes, where a list begins with it.
const PACKET_BYTES: usize = 64;
