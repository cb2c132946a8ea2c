//! Fragments, and what they are when put together.

use flowloom_schema::LinkType;

use super::build::{ethernet, fragment4, ipv4, ipv6, join, tcp, udp, vlan};
use super::{check, layers, packet};
use crate::{Layer, LayerStack, Marks, Options, Packet, Transport, decode_payload};

#[test]
fn a_first_fragment_has_ports_and_a_later_one_has_none() {
    let segment = udp(5, 6, &[0; 3000]);
    let first = packet(&ethernet(0x0800, &fragment4(17, 0x2000, &segment[..1480])));
    assert_eq!((first.marks, first.src_port, first.dst_port), (Marks::FRAGMENT, 5, 6));
    assert_eq!((first.transport, first.trans_len, first.app_len), (Transport::Udp, 1480, 1472));
    let last = packet(&ethernet(0x0800, &fragment4(17, 2960 / 8, &segment[2960..])));
    assert_eq!((last.marks, last.src_port, last.transport), (Marks::FRAGMENT, 0, Transport::None));
    assert_eq!((last.protocol, last.trans_offset, last.trans_len), (17, 34, 48));
}

#[test]
fn a_tiny_first_fragment_is_no_damage() {
    let first = packet(&ethernet(0x0800, &fragment4(6, 0x2000, &tcp(b"")[..8])));
    assert_eq!(
        (first.marks, first.transport, first.stop),
        (Marks::FRAGMENT, Transport::None, None)
    );
}

#[test]
fn no_tunnel_is_entered_in_a_fragment() {
    let inner = ipv4(17, &udp(1, 2, b""));
    assert_eq!(layers(&ethernet(0x0800, &fragment4(4, 0x2000, &inner))), "ethernet ip");
}

#[test]
fn an_atomic_ipv6_fragment_is_none() {
    let datagram = join(&[&[17, 0, 0, 0, 0, 0, 0, 1], &udp(5, 6, b"hi")]);
    let atomic = packet(&ethernet(0x86dd, &ipv6(44, &datagram)));
    assert_eq!((atomic.marks, atomic.dst_port, atomic.trans_len), (Marks::default(), 6, 10));
}

#[test]
fn an_ipv6_fragment_is_described_from_behind_its_header() {
    // Destination options are part of what was fragmented.
    let options = [17, 0, 1, 4, 0, 0, 0, 0];
    let data = join(&[&options, &udp(5, 6, &[0; 100])]);
    let first = join(&[&[60, 0, 0, 1, 0, 0, 0, 9], &data[..64]]);
    let first = packet(&ethernet(0x86dd, &ipv6(44, &first)));
    assert_eq!((first.marks, first.protocol, first.dst_port), (Marks::FRAGMENT, 17, 6));
    assert_eq!((first.trans_offset, first.trans_len, first.ip_len), (62, 64, 112));
    let last = join(&[&[60, 0, 0, 64, 0, 0, 0, 9], &data[64..]]);
    let last = packet(&ethernet(0x86dd, &ipv6(44, &last)));
    assert_eq!((last.marks, last.protocol, last.dst_port), (Marks::FRAGMENT, 60, 0));

    let mut whole = last;
    decode_payload(&data, 60, &Options::default(), &mut (), &mut whole);
    assert_eq!((whole.marks, whole.protocol, whole.dst_port), (Marks::default(), 17, 6));
    assert_eq!((whole.ip_len, whole.trans_len, whole.app_len), (40 + 116, 108, 100));
    assert_eq!((whole.trans_offset, whole.app_offset, whole.ip_offset), (8, 16, 14));
}

#[test]
fn a_datagram_keeps_what_its_fragment_said() {
    let segment = udp(5, 6, b"hello");
    let frame = vlan(7, 0x0800, &fragment4(17, 1, &segment[8..]));
    let fragment = packet(&ethernet(0x8100, &frame));
    let mut whole = fragment;
    decode_payload(&segment, 17, &Options::default(), &mut (), &mut whole);
    let expected = Packet {
        src_port: 5,
        dst_port: 6,
        transport: Transport::Udp,
        last: Layer::Udp,
        marks: Marks::default(),
        ip_len: 33,
        trans_len: 13,
        app_len: 5,
        trans_offset: 0,
        app_offset: 8,
        ..fragment
    };
    assert_eq!(whole, expected);
    assert_eq!((whole.vlans[0].id(), whole.mac_src_plus_one), (Some(7), 7));
}

#[test]
fn a_tunnel_in_a_datagram_is_entered() {
    let inner = ethernet(0x0800, &ipv4(17, &udp(5, 6, b"hi")));
    let vxlan = join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &inner]);
    let segment = udp(1, 4789, &vxlan);
    let mut whole = packet(&ethernet(0x0800, &fragment4(17, 1, &segment[8..])));
    let mut layers = LayerStack::new();
    decode_payload(&segment, 17, &Options::default(), &mut layers, &mut whole);
    assert_eq!((whole.marks, whole.dst_port, whole.vni_plus_one), (Marks::TUNNELED, 6, 10));
    assert_eq!((whole.ip_offset, whole.app_offset, whole.app_len), (30, 58, 2));
    assert_eq!((whole.mac_src_plus_one, whole.mac_dst_plus_one), (8 + 8 + 6 + 1, 8 + 8 + 1));
    assert_eq!(layers.spans().len(), 5);
}

#[test]
fn a_datagram_with_a_tunnel_without_ip_keeps_its_addresses() {
    let arp = ethernet(0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]);
    let segment = udp(1, 4789, &join(&[&[8, 0, 0, 0, 0, 0, 9, 0], &arp]));
    let mut whole = packet(&ethernet(0x0800, &fragment4(17, 1, &segment[8..])));
    decode_payload(&segment, 17, &Options::default(), &mut (), &mut whole);
    assert_eq!((whole.dst_port, whole.last, whole.mac_src_plus_one), (4789, Layer::Arp, 7));
}

#[test]
fn a_fragment_in_a_tunnel_in_a_datagram_is_one_again() {
    let inner = fragment4(17, 0x2000, &udp(5, 6, &[0; 24]));
    let mut whole = packet(&ethernet(0x0800, &fragment4(4, 1, &inner[8..])));
    decode_payload(&inner, 4, &Options::default(), &mut (), &mut whole);
    assert!(whole.marks.has(Marks::FRAGMENT) && whole.marks.has(Marks::TUNNELED));
    assert_eq!((whole.trans_offset, whole.trans_len), (20, 32));
}

#[test]
fn an_empty_datagram_is_damaged() {
    let (mut whole, _) = check(LinkType::RAW, &fragment4(6, 1, &[]), 20);
    decode_payload(&[], 6, &Options::default(), &mut (), &mut whole);
    assert_eq!(whole.stop.map(|stop| stop.layer), Some(Layer::Tcp));
}
