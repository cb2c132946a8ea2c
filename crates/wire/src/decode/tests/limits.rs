//! Headers nested deeper than is followed.

use super::build::{ethernet, ipv4, join, udp, vlan};
use super::{check, layers, packet};
use crate::{Layer, Marks, Options, Packet, Reason, Vlan, decode};
use flowloom_schema::LinkType;

#[test]
fn ip_in_ip_ends_at_its_limit() {
    let nested = |levels| (1..levels).fold(ipv4(17, &udp(1, 2, b"")), |inner, _| ipv4(4, &inner));
    let eight = packet(&ethernet(0x0800, &nested(8)));
    assert_eq!((eight.dst_port, eight.stop, eight.marks), (2, None, Marks::TUNNELED));
    let nine = packet(&ethernet(0x0800, &nested(9)));
    assert_eq!((nine.protocol, nine.dst_port, nine.ip_offset), (4, 0, 14 + 7 * 20));
    let stop = nine.stop.unwrap();
    assert_eq!((stop.layer, stop.reason), (Layer::Ipv4, Reason::TooDeep));
}

#[test]
fn one_ip_header_enters_no_tunnel_and_says_so() {
    let options = Options { ip_headers_max: 1, ..Options::default() };
    let inner = ipv4(17, &udp(1, 2, b""));
    let gtp = join(&[&[0x30, 0xff, 0, 28, 0, 0, 0, 1], &inner]);
    for frame in [
        ipv4(4, &inner),
        ipv4(47, &join(&[&[0, 0, 8, 0], &inner])),
        ipv4(17, &udp(2152, 2152, &gtp)),
    ] {
        let mut packet = Packet::default();
        let len = frame.len() as u32;
        decode(LinkType::RAW, &frame, len, &options, &mut (), &mut packet);
        assert_eq!((packet.ip_offset, packet.ip_len), (0, len));
        let stop = packet.stop.unwrap();
        assert_eq!((stop.layer, stop.reason), (Layer::Ipv4, Reason::TooDeep));
        let (deeper, _) = check(LinkType::RAW, &frame, len);
        assert_eq!(deeper.dst_port, 2);
    }
}

#[test]
fn vlan_tags_end_at_their_limit() {
    let nested = |levels| {
        let innermost = vlan(levels, 0x0800, &ipv4(17, &udp(1, 2, b"")));
        ethernet(0x8100, &(1..levels).rev().fold(innermost, |inner, id| vlan(id, 0x8100, &inner)))
    };
    let many = packet(&nested(32));
    assert_eq!((many.dst_port, many.stop), (2, None));
    assert_eq!(many.vlans.map(Vlan::id), [Some(1), Some(2)]);
    let stop = packet(&nested(33)).stop.unwrap();
    assert_eq!((stop.layer, stop.reason, stop.offset), (Layer::Vlan, Reason::TooDeep, 14 + 32 * 4));
}

#[test]
fn labels_end_at_their_limit() {
    let labels = |count: usize| {
        let mut stack = [0, 1, 0, 64].repeat(count);
        stack[count * 4 - 2] = 1;
        ethernet(0x8847, &join(&[&stack, &ipv4(17, &udp(1, 2, b""))]))
    };
    assert_eq!(layers(&labels(32)), "ethernet mpls ip udp");
    assert_eq!(packet(&labels(33)).stop.unwrap().reason, Reason::TooDeep);
}

#[test]
fn extension_headers_end_at_their_limit() {
    let chain = |count: usize| {
        let options = [60, 0, 1, 4, 0, 0, 0, 0].repeat(count - 1);
        let last = [17, 0, 1, 4, 0, 0, 0, 0];
        ethernet(0x86dd, &super::build::ipv6(60, &join(&[&options, &last, &udp(1, 2, b"")])))
    };
    let packet_32 = packet(&chain(32));
    assert_eq!((packet_32.dst_port, packet_32.protocol, packet_32.trans_len), (2, 17, 8));
    let stop = packet(&chain(33)).stop.unwrap();
    assert_eq!((stop.layer, stop.reason), (Layer::DestinationOptions, Reason::TooDeep));
}
