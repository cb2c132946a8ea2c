//! A packet, how it came and where it belongs: what the flow stages hand to one another.

use flowloom_wire::Packet;

use crate::{FlowKey, KeyHasher, KeyIgnore, partition_of};

/// A decoded packet with its time, frame and length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival {
    /// The innermost headers.
    pub packet: Packet,
    /// Capture time in nanoseconds since the epoch.
    pub time: i64,
    /// Number of the frame in the input, from 1.
    pub frame: u64,
    /// Bytes on the wire, link layer and padding included; for a reassembled datagram, of all its
    /// frames together.
    pub wire_len: u32,
    /// Index of the frame in its block at which the packet is handled.
    pub index: u32,
}

/// Where a packet belongs: what can be told of its flow from the packet alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    pub(crate) key: FlowKey,
    /// Of the key.
    pub(crate) hash: u32,
    /// Whether the packet goes from endpoint B of the key to A.
    pub(crate) reversed: bool,
    /// The number of the partition.
    pub partition: u8,
}

impl Place {
    /// Where a packet belongs; all packets of a run need the same `ignore` and `hasher`.
    #[inline]
    pub fn of(packet: &Packet, ignore: KeyIgnore, hasher: &KeyHasher) -> Self {
        let (key, reversed) = FlowKey::of(packet, ignore);
        Self { key, hash: hasher.hash(&key), reversed, partition: partition_of(packet) }
    }
}

/// A frame and where its record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordPlace {
    /// Number of the frame in the input, from 1.
    pub frame: u64,
    /// Where its record begins in the (uncompressed) capture; unknown where several are put
    /// together.
    pub offset: Option<u64>,
}

/// Where packets came from: asked for what only some packets need.
pub trait Origin {
    /// The captured bytes of the frame a packet came in; none if it is gone, as that of a fragment
    /// that waited in vain. Of what was put together from fragments of a tunnel's packet, the headers
    /// up to its innermost IP header, as if they were of one frame.
    fn frame(&self, arrival: &Arrival) -> &[u8];

    /// The captured bytes that a packet's offsets count in: those of its frame, or what the
    /// datagram held that was put together from fragments.
    fn bytes(&self, arrival: &Arrival) -> &[u8];

    /// The tunnels a packet came through, outermost first.
    fn tunnel(&self, arrival: &Arrival) -> Option<String>;

    /// Hands the frames that a packet came in to `take`: one, or those of all its fragments.
    fn records(&self, arrival: &Arrival, take: &mut dyn FnMut(RecordPlace));
}

/// Packets that came in no frame.
impl Origin for () {
    fn frame(&self, _: &Arrival) -> &[u8] {
        &[]
    }

    fn bytes(&self, _: &Arrival) -> &[u8] {
        &[]
    }

    fn tunnel(&self, _: &Arrival) -> Option<String> {
        None
    }

    fn records(&self, _: &Arrival, _: &mut dyn FnMut(RecordPlace)) {}
}
