//! Whole frames: what they say, and every way to cut them.

mod build;
mod common;
mod fragments;
mod lengths;
mod limits;
mod links;
mod tunnels;

use flowloom_schema::LinkType;

use super::decode;
use crate::{Address, Layer, LayerStack, Marks, Options, Packet, Transport};

#[test]
fn a_tcp_packet_with_options_and_padding() {
    let (packet, layers) = check(LinkType::ETHERNET, &TCP_SYN, 60);
    assert_eq!(layers, [(Layer::Ethernet, 0), (Layer::Ipv4, 14), (Layer::Tcp, 34)]);
    assert_eq!(packet.src, Address::v4([10, 0, 0, 1]));
    assert_eq!(packet.dst, Address::v4([10, 0, 0, 2]));
    assert_eq!((packet.src_port, packet.dst_port), (0x1234, 443));
    assert_eq!((packet.seq, packet.ack), (0x0102_0304, 0));
    assert_eq!((packet.tcp_flags, packet.window), (2, 0xfaf0));
    assert_eq!((packet.ip_len, packet.trans_len, packet.app_len), (44, 24, 0));
    assert_eq!((packet.ip_offset, packet.trans_offset, packet.app_offset), (14, 34, 58));
    assert_eq!((packet.mac_dst_plus_one, packet.mac_src_plus_one), (1, 7));
    assert_eq!((packet.ip_version, packet.protocol, packet.ttl, packet.tos), (4, 6, 64, 0));
    assert_eq!((packet.transport, packet.last), (Transport::Tcp, Layer::Tcp));
    assert_eq!((packet.marks, packet.stop), (Marks::TCP_OPTIONS, None));
}

#[test]
fn every_truncated_prefix_says_where_it_ends() {
    for cut in 0..TCP_SYN.len() {
        let (packet, _) = check(LinkType::ETHERNET, &TCP_SYN[..cut], 60);
        let expected = match cut {
            0..14 => Some((Layer::Ethernet, 0)),
            14..34 => Some((Layer::Ipv4, 14)),
            34..54 => Some((Layer::Tcp, 34)),
            _ => None,
        };
        assert_eq!(packet.stop.map(|stop| (stop.layer, stop.offset)), expected, "cut at {cut}");
        if cut >= 34 {
            assert_eq!((packet.ip_len, packet.trans_len), (44, 24));
            assert_eq!(packet.marks.has(Marks::CLIPPED), cut < 58);
        }
    }
}

#[test]
fn icmp_has_its_type_and_its_identifier() {
    let echo = [8, 0, 0, 0, 0x12, 0x34, 0, 1, b'h', b'i'];
    let packet = packet(&build::ethernet(0x0800, &build::ipv4(1, &echo)));
    assert_eq!((packet.src_port, packet.dst_port), (0x0800, 0x1234));
    assert_eq!((packet.transport, packet.app_len, packet.last), (Transport::Icmp, 2, Layer::Icmp));
}

#[test]
fn arp_is_told_from_what_is_unknown() {
    let arp = build::ethernet(0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]);
    let (arp, unknown) = (packet(&arp), packet(&build::ethernet(0x9999, &[0; 50])));
    assert_eq!((arp.ip_version, arp.last, arp.stop), (0, Layer::Arp, None));
    assert_eq!((unknown.ip_version, unknown.last, unknown.stop), (0, Layer::Ethernet, None));
    assert_eq!((unknown.mac_dst_plus_one, unknown.mac_src_plus_one), (1, 7));
}

#[test]
fn arbitrary_bytes_never_panic() {
    let mut state = 1_u64;
    let mut bytes = [0; 200];
    for link in 0..=280 {
        for _ in 0..500 {
            for byte in &mut bytes {
                // Knuth's MMIX generator.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                *byte = (state >> 33) as u8;
            }
            // A first byte that looks like IP leads further.
            bytes[0] = if state & 2 == 0 { 0x45 } else { 0x60 };
            check(LinkType(link), &bytes, state as u32);
        }
    }
}

/// Decodes an uncut Ethernet frame.
fn packet(frame: &[u8]) -> Packet {
    check(LinkType::ETHERNET, frame, frame.len() as u32).0
}

/// The layers of an uncut Ethernet frame, as one text.
fn layers(frame: &[u8]) -> String {
    let (_, layers) = check(LinkType::ETHERNET, frame, frame.len() as u32);
    layers.iter().map(|(layer, _)| layer.name()).collect::<Vec<_>>().join(" ")
}

/// Decodes with and without a recorder, which must agree.
fn check(link: LinkType, bytes: &[u8], original: u32) -> (Packet, Vec<(Layer, u32)>) {
    let options = Options { verify_checksums: true, ..Options::default() };
    let mut layers = LayerStack::new();
    let mut packet = Packet::default();
    decode(link, bytes, original, &options, &mut layers, &mut packet);
    let mut silent = Packet { seq: 77, ..Packet::default() };
    decode(link, bytes, original, &Options::default(), &mut (), &mut silent);
    packet.marks = packet.marks.without(Marks::BAD_CHECKSUM);
    assert_eq!(packet, silent);
    (packet, layers.spans().to_vec())
}

/// Ethernet, IPv4, TCP SYN with a maximum segment size, two bytes of padding.
const TCP_SYN: [u8; 60] = [
    0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x08, 0x00, // Ethernet
    0x45, 0, 0, 44, 0, 1, 0x40, 0, 64, 6, 0x26, 0xc9, 10, 0, 0, 1, 10, 0, 0, 2, // IPv4
    0x12, 0x34, 0x01, 0xbb, 1, 2, 3, 4, 0, 0, 0, 0, 0x60, 0x02, 0xfa, 0xf0, 0, 0, 0, 0, // TCP
    2, 4, 0x05, 0xb4, // maximum segment size
    0, 0, // padding
];
