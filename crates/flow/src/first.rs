//! What a flow's first packet tells: when and where it came from, and who is the initiator.

use flowloom_wire::tcp_flags::{ACK, SYN};
use flowloom_wire::{Marks, Packet, Transport};

use crate::key::is_icmp_reply;
use crate::{Arrival, Initiator, InitiatorBy, Origin, Place};

/// What is kept of a flow's first packet.
#[derive(Clone, Debug)]
pub struct First {
    /// The frame: also the flow's identifier.
    pub frame: u64,
    /// Its time: the flow's start.
    pub time: i64,
    pub(crate) clock: i64,
    /// The tunnels the packet came through, outermost first; boxed twice, for few flows have any.
    pub tunnel: Option<Box<String>>,
    /// How the initiator was told.
    pub initiator_by: InitiatorBy,
    /// Hardware addresses of the initiator and of the other side, where the link has them.
    pub macs: [Option<[u8; 6]>; 2],
}

impl First {
    /// What is kept of a packet, and whether the initiator is endpoint B of its key.
    pub(crate) fn of(
        arrival: &Arrival,
        clock: i64,
        origin: &impl Origin,
        place: &Place,
        rule: Initiator,
    ) -> (Self, bool) {
        let packet = &arrival.packet;
        let (initiator_is_b, initiator_by) = initiator(packet, place, rule);
        let data = origin.frame(arrival);
        let mac = |plus_one: u16| {
            let at = usize::from(plus_one).checked_sub(1)?;
            data.get(at..)?.first_chunk().copied()
        };
        let (src, dst) = (mac(packet.mac_src_plus_one), mac(packet.mac_dst_plus_one));
        let macs = if place.reversed == initiator_is_b { [src, dst] } else { [dst, src] };
        let tunneled = packet.marks.has(Marks::TUNNELED);
        let tunnel = if tunneled { origin.tunnel(arrival).map(Box::new) } else { None };
        let (frame, time) = (arrival.frame, arrival.time);
        (Self { frame, time, clock, tunnel, initiator_by, macs }, initiator_is_b)
    }
}

/// Whether the initiator is endpoint B, and which rule says so.
fn initiator(packet: &Packet, place: &Place, rule: Initiator) -> (bool, InitiatorBy) {
    let Place { key, reversed, .. } = *place;
    if let Initiator::Client(network) = rule {
        match (network.contains(key.a()), network.contains(key.b())) {
            (true, false) => return (false, InitiatorBy::ClientNetwork),
            (false, true) => return (true, InitiatorBy::ClientNetwork),
            _ => {}
        }
    }
    let tcp = packet.transport == Transport::Tcp;
    match packet.tcp_flags & (SYN | ACK) {
        _ if rule == Initiator::FirstPacket => (reversed, InitiatorBy::FirstPacket),
        SYN if tcp => (reversed, InitiatorBy::Syn),
        SYN_ACK if tcp => (!reversed, InitiatorBy::SynAck),
        _ if is_icmp_reply(packet) => (!reversed, InitiatorBy::IcmpReply),
        _ => (reversed, InitiatorBy::FirstPacket),
    }
}

const SYN_ACK: u8 = SYN | ACK;
