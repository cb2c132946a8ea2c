//! Packets that are handed on as they come, whichever flow they are of.

use flowloom_flow::{Arrival, Known, Population, Seen};

use super::record::{PacketRecord, is_counted};

/// A counted packet of any flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracePacket {
    /// Its frame.
    pub frame: u64,
    /// Its flow, by the number of the flow's first frame.
    pub flow_id: u64,
    /// What is kept of it. The direction is that of the flow until somebody knows the client.
    pub record: PacketRecord,
}

/// The counted packets of a partition that nobody has fetched yet.
#[derive(Debug)]
pub struct TraceShared {
    population: Population,
    /// In the order in which they were handled.
    pub packets: Vec<TracePacket>,
}

impl TraceShared {
    /// What the flows of a partition share.
    pub fn new(population: Population) -> Self {
        Self { population, packets: Vec::new() }
    }

    #[inline]
    pub(crate) fn packet(&mut self, arrival: &Arrival, seen: Seen, known: Known<'_>) {
        if is_counted(arrival, seen, self.population) {
            let record = PacketRecord::of(arrival, seen);
            let (frame, flow_id) = (arrival.frame, known.first.frame);
            self.packets.push(TracePacket { frame, flow_id, record });
        }
    }
}
