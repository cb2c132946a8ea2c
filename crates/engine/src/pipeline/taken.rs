//! What is taken out of flows beside rows: what they said, on its way to whoever asked for it.

use std::net::IpAddr;
use std::sync::Arc;

use flowloom_features::{Kept, TracePacket};
use flowloom_flow::{Arrival, DatagramOrigin, Ended};
use flowloom_protocols::http::Bodies;
use flowloom_protocols::{Pieces, Want, Wants};

/// What is to be taken out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Takes {
    /// What flows say, byte for byte: of these, by their first frames, in order; of all if none are
    /// named.
    pub(crate) transcripts: Option<Arc<[u64]>>,
    /// The bodies of HTTP messages.
    pub(crate) bodies: bool,
    /// IP datagrams that came in fragments.
    pub(crate) datagrams: bool,
    /// The packets that are counted.
    pub(crate) packets: bool,
}

/// An IP datagram that came in fragments.
#[derive(Clone, Debug)]
pub(crate) struct IpDatagram {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    /// What the payload is, if the first fragment came.
    pub(crate) protocol: Option<u8>,
    /// The payload, with zeros in its holes.
    pub(crate) payload: Vec<u8>,
    /// Where nothing came, from and to.
    pub(crate) holes: Vec<(u32, u32)>,
    /// Whether its end did not come.
    pub(crate) is_open: bool,
    pub(crate) origin: DatagramOrigin,
    /// When the last of the fragments came.
    pub(crate) last_time: i64,
}

/// What was taken out of flows that may go on.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// What they said; what one flow said is in order.
    pub(crate) pieces: Vec<Pieces>,
    /// Bodies of their HTTP messages; the parts of one are in order.
    pub(crate) bodies: Vec<Bodies>,
    /// The flows that ended and that the filter did not accept, by their first frames.
    pub(crate) dropped: Vec<u64>,
    /// IP datagrams that came in fragments, in the order in which they were done.
    pub(crate) datagrams: Vec<IpDatagram>,
    /// Packets; those of a block are in no order, those of a later one are of later frames but for
    /// fragments that have waited in vain.
    pub(crate) packets: Vec<TracePacket>,
    held: usize,
}

/// Flows that have ended, and what these and others said until then.
#[derive(Default)]
pub(crate) struct Finished {
    pub(crate) flows: Vec<Ended<Kept>>,
    pub(crate) taken: Taken,
}

impl Takes {
    pub(crate) fn is_nothing(&self) -> bool {
        self.transcripts.is_none() && !self.bodies && !self.datagrams && !self.packets
    }

    /// What must be parsed for it.
    pub(crate) fn wants(&self) -> Wants {
        // HTTP may come behind other protocols, such as SOCKS.
        let bodies = &[Want::Application, Want::HttpMessages, Want::HttpBodies];
        if self.bodies { Wants::of(bodies) } else { Wants::NONE }
    }
}

impl Taken {
    /// Memory in use.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    pub(crate) fn add(&mut self, pieces: Pieces) {
        if !pieces.is_empty() {
            self.held += pieces.held();
            self.pieces.push(pieces);
        }
    }

    pub(crate) fn add_bodies(&mut self, bodies: Bodies) {
        if !bodies.is_empty() {
            self.held += bodies.held();
            self.bodies.push(bodies);
        }
    }

    pub(crate) fn add_datagrams(&mut self, datagrams: Vec<IpDatagram>) {
        self.held += datagrams.iter().map(|datagram| datagram.payload.len()).sum::<usize>();
        self.datagrams.extend(datagrams);
    }

    pub(crate) fn add_packets(&mut self, packets: &mut Vec<TracePacket>) {
        self.held += size_of_val(packets.as_slice());
        self.packets.append(packets);
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
            && self.bodies.is_empty()
            && self.dropped.is_empty()
            && self.datagrams.is_empty()
            && self.packets.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.bodies.extend(other.bodies);
        self.dropped.extend(other.dropped);
        self.datagrams.extend(other.datagrams);
        self.packets.extend(other.packets);
        self.held += other.held;
    }
}

impl IpDatagram {
    /// A datagram without holes whose last fragment is `arrival`.
    pub(crate) fn of(
        arrival: &Arrival,
        protocol: Option<u8>,
        payload: Vec<u8>,
        origin: DatagramOrigin,
    ) -> Self {
        let packet = &arrival.packet;
        let [src, dst] = [packet.src, packet.dst].map(|end| end.to_ip(packet.ip_version));
        let last_time = arrival.time;
        let (holes, is_open) = (Vec::new(), false);
        Self { src, dst, protocol, payload, holes, is_open, origin, last_time }
    }
}

impl Finished {
    pub(crate) fn is_empty(&self) -> bool {
        self.flows.is_empty() && self.taken.is_empty()
    }
}
