//! Fragments that cannot be put together because of a snap length.

use flowloom_schema::LinkType;
use flowloom_wire::{Marks, Options, Packet, Transport, decode, decode_beginning};

use super::{Datagram, Defrag};
use crate::{Arrival, Limits};

/// A fragment of 40 bytes at `offset` that others follow, from 10.0.0.1 to 10.0.0.2.
fn fragment(protocol: u8, offset: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 60, 0, 9, 0x20, offset / 8, 64, protocol, 0, 0];
    bytes.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(payload);
    bytes.resize(60, b'x');
    bytes
}

/// What comes of a fragment of which `captured` bytes are left, of a frame of `original` bytes.
fn resolved(frame: &[u8], captured: usize, original: usize) -> Vec<Datagram> {
    let mut packet = Packet::default();
    let data = &frame[..captured];
    let options = Options::default();
    decode(LinkType::RAW, data, original as u32, &options, &mut (), &mut packet);
    assert!(packet.marks.has(Marks::FRAGMENT));
    let mut defrag = Defrag::new(&Limits::default(), 1);
    let mut out = Vec::new();
    defrag.fragment(&Arrival { packet, frame: 1, ..Arrival::default() }, data, 0, &mut out);
    defrag.drain(0, &mut out);
    assert_eq!((defrag.counts().fragments, defrag.counts().unresolved), (1, 1));
    out
}

/// Transport, ports, payload and where it begins of a fragment that stands for its datagram.
fn told(datagrams: &[Datagram]) -> (Transport, [u16; 2], u32, u32) {
    let [Datagram::Beginning { arrival, protocol, payload, len }] = datagrams else {
        panic!("{datagrams:?}")
    };
    let mut packet = arrival.packet;
    decode_beginning(payload, *len, *protocol, &Options::default(), &mut (), &mut packet);
    (packet.transport, [packet.src_port, packet.dst_port], packet.app_len, packet.app_offset)
}

#[test]
fn a_first_fragment_that_was_cut_tells_ports_and_length() {
    // The datagram has 8 + 1,000 bytes.
    let udp = fragment(17, 0, &[0x13, 0x88, 0, 53, 0x03, 0xf0, 0, 0]);
    for captured in [28, 40, 59] {
        let expected = (Transport::Udp, [5_000, 53], 1_000, 8);
        assert_eq!(told(&resolved(&udp, captured, 60)), expected, "{captured}");
        // Who cut it may have forgotten how long it was.
        assert_eq!(told(&resolved(&udp, captured, captured)), expected, "{captured}");
    }
    // A TCP header tells no length: that of the fragment.
    let expected = (Transport::Tcp, [80, 81], 20, 20);
    assert_eq!(told(&resolved(&fragment(6, 0, &TCP), 50, 60)), expected);
}

#[test]
fn other_fragments_that_stay_alone_have_no_ports() {
    let udp = [0x13, 0x88, 0, 53, 0x03, 0xf0, 0, 0];
    for (frame, captured) in [
        (fragment(17, 0, &udp), 60),
        (fragment(17, 0, &udp), 27),
        (fragment(17, 8, &udp), 40),
        (fragment(17, 8, &udp), 60),
        (fragment(6, 0, &TCP), 60),
    ] {
        match &resolved(&frame, captured, 60)[..] {
            [Datagram::Unresolved(arrival)] => {
                let packet = &arrival.packet;
                assert_eq!((packet.transport, packet.src_port), (Transport::None, 0));
                assert_eq!((packet.tcp_flags, packet.window), (0, 0));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A TCP header with an ACK and a window of 9.
const TCP: [u8; 20] = [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0, 9, 0, 0, 0, 0];

#[test]
fn every_fragment_of_ipv4_says_the_protocol() {
    let frame = fragment(17, 8, &[1; 40]);
    let mut packet = Packet::default();
    decode(LinkType::RAW, &frame, 60, &Options::default(), &mut (), &mut packet);
    let mut defrag = Defrag::new(&Limits::default(), 1).telling_incomplete(true);
    let mut out = Vec::new();
    defrag.fragment(&Arrival { packet, frame: 1, ..Arrival::default() }, &frame, 0, &mut out);
    defrag.drain(0, &mut out);
    let told = out.iter().find_map(|datagram| match datagram {
        Datagram::Incomplete { protocol, .. } => Some(*protocol),
        _ => None,
    });
    assert_eq!(told, Some(Some(17)), "{out:?}");
}
