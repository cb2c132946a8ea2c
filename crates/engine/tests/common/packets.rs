//! Ethernet frames made by hand, without checksums.

use flowloom_flow::partition_of;
use flowloom_wire::{Address, Packet, Transport};

/// A host and its port. Hosts are numbered: 10.x.y.z, or `fd00::x:y`.
pub(crate) type End = (u32, u16);

/// A TCP segment with a window of 1,000, over IPv4.
pub(crate) fn tcp(from: End, to: End, flags: u8, seq: u32, ack: u32, payload: usize) -> Vec<u8> {
    ipv4(from.0, to.0, 6, &tcp_segment(from.1, to.1, flags, seq, ack, payload))
}

/// A TCP segment without what carries it.
pub(crate) fn tcp_segment(
    from: u16,
    to: u16,
    flags: u8,
    seq: u32,
    ack: u32,
    payload: usize,
) -> Vec<u8> {
    let mut segment = ports(from, to);
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([0x50, flags]);
    segment.extend(1_000_u16.to_be_bytes());
    segment.extend([0; 4]);
    segment.resize(20 + payload, b'x');
    segment
}

/// A UDP datagram over IPv4.
pub(crate) fn udp(from: End, to: End, payload: usize) -> Vec<u8> {
    ipv4(from.0, to.0, 17, &udp_datagram(from.1, to.1, &vec![b'x'; payload]))
}

/// A UDP datagram without what carries it.
pub(crate) fn udp_datagram(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = ports(from, to);
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// An ICMP message over IPv4: type, code 0, identifier.
pub(crate) fn icmp(from: u32, to: u32, kind: u8, identifier: u16) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0];
    message.extend(identifier.to_be_bytes());
    message.extend([0, 1]);
    ipv4(from, to, 1, &message)
}

/// An IPv4 packet in a frame.
pub(crate) fn ipv4(from: u32, to: u32, protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4_packet(from, to, protocol, payload, 0, 0))
}

/// A fragment of an IPv4 datagram: its bytes are `payload` from `offset`.
pub(crate) fn fragment4(
    ends: (u32, u32),
    protocol: u8,
    id: u16,
    offset: usize,
    more: bool,
    payload: &[u8],
) -> Vec<u8> {
    let field = u16::from(more) << 13 | (offset / 8) as u16;
    ethernet(0x0800, &ipv4_packet(ends.0, ends.1, protocol, payload, id, field))
}

/// A fragment of an IPv6 datagram.
pub(crate) fn fragment6(
    ends: (u32, u32),
    protocol: u8,
    id: u32,
    offset: usize,
    more: bool,
    payload: &[u8],
) -> Vec<u8> {
    let mut header = vec![protocol, 0];
    header.extend((offset as u16 | u16::from(more)).to_be_bytes());
    header.extend(id.to_be_bytes());
    header.extend(payload);
    ipv6(ends.0, ends.1, 44, &header)
}

/// An IPv6 packet in a frame.
pub(crate) fn ipv6(from: u32, to: u32, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    for host in [from, to] {
        packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        packet.extend(host.to_be_bytes());
    }
    packet.extend(payload);
    ethernet(0x86dd, &packet)
}

/// An IPv4 packet; `field` is the word of fragment flags and offset.
pub(crate) fn ipv4_packet(
    from: u32,
    to: u32,
    protocol: u8,
    payload: &[u8],
    id: u16,
    field: u16,
) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((20 + payload.len() as u16).to_be_bytes());
    packet.extend(id.to_be_bytes());
    packet.extend(field.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    for host in [from, to] {
        packet.extend((10 << 24 | host).to_be_bytes());
    }
    packet.extend(payload);
    packet
}

/// A frame between two fixed hardware addresses.
pub(crate) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A frame with a VLAN tag put in.
pub(crate) fn tagged(frame: &[u8], vlan: u16) -> Vec<u8> {
    let mut tagged = frame[..12].to_vec();
    tagged.extend(0x8100_u16.to_be_bytes());
    tagged.extend(vlan.to_be_bytes());
    tagged.extend(&frame[12..]);
    tagged
}

/// So many pairs of ends whose UDP flows share a partition.
pub(crate) fn ends_of_one_partition(count: usize) -> Vec<(End, End)> {
    let pairs = (0_u32..).map(|i| ((1 + i / 60_000, 1 + (i % 60_000) as u16), (0xff_0000, 53)));
    let address = |host: u32| Address::v4((10 << 24 | host).to_be_bytes());
    let partition = |(from, to): &(End, End)| {
        partition_of(&Packet {
            src: address(from.0),
            dst: address(to.0),
            src_port: from.1,
            dst_port: to.1,
            ip_version: 4,
            protocol: 17,
            transport: Transport::Udp,
            ..Packet::default()
        })
    };
    pairs.filter(|pair| partition(pair) == 0).take(count).collect()
}

fn ports(from: u16, to: u16) -> Vec<u8> {
    [from.to_be_bytes(), to.to_be_bytes()].concat()
}
