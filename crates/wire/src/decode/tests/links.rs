//! Frames of link types other than Ethernet.

use flowloom_schema::LinkType;

use super::build::{ethernet, ipv4, ipv6, join, udp};
use super::{check, layers, packet};
use crate::{Layer, Reason, link_is_known};

/// The names of the layers, and the destination port if the frame was read to its end.
fn read(link: LinkType, frame: &[u8]) -> (String, u16) {
    let (packet, layers) = check(link, frame, frame.len() as u32);
    let names: Vec<_> = layers.iter().map(|(layer, _)| layer.name()).collect();
    (names.join(" "), packet.dst_port)
}

#[test]
fn every_link_type_leads_to_ip() {
    let v4 = ipv4(17, &udp(1, 2, b"hi"));
    let v6 = ipv6(17, &udp(1, 2, b"hi"));
    let snap = join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &v4]);
    let wlan = join(&[&[8, 0], &[0; 22], &snap]);
    let sll = |hardware, protocol: &[u8], inner: &[u8]| {
        join(&[&[0, 0, 0, hardware, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], protocol, inner])
    };
    let prism = join(&[&[0x44, 0, 0, 0, 144, 0, 0, 0], &[0; 136], &wlan]);
    // With two bytes of quality of service; then a header with the length of what follows.
    let aggregate = join(&[&[0x88, 0], &[0; 22], &[0x80, 0], &[0; 12], &[0, 38], &snap]);
    let pktap = |link, frame: &[u8]| join(&[&[108, 0, 0, 0, 1, 0, 0, 0, link], &[0; 99], frame]);
    let nflog = join(&[&[10, 0, 0, 0, 54, 0, 9, 0], &v6]);
    let cases: [(LinkType, Vec<u8>, &str); 39] = [
        (LinkType::RAW, v4.clone(), "ip udp"),
        (LinkType::RAW_12, v6.clone(), "ip6 udp"),
        (LinkType::RAW_14, v4.clone(), "ip udp"),
        (LinkType::IPV4, v4.clone(), "ip udp"),
        (LinkType::IPV4, v6.clone(), "ip6 udp"),
        (LinkType::IPV6, v6.clone(), "ip6 udp"),
        (LinkType::NULL, join(&[&[2, 0, 0, 0], &v4]), "null ip udp"),
        (LinkType::NULL, join(&[&[0, 0, 0, 30], &v6]), "null ip6 udp"),
        (LinkType::LOOP, join(&[&[0, 0, 0, 24], &v6]), "null ip6 udp"),
        (LinkType::LINUX_SLL, sll(1, &[8, 0], &v4), "sll ip udp"),
        (LinkType::LINUX_SLL, sll(1, &[0, 4], &snap), "sll llc snap ip udp"),
        (
            LinkType::LINUX_SLL2,
            join(&[&[0x86, 0xdd, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6], &[0; 8], &v6]),
            "sll2 ip6 udp",
        ),
        (LinkType::NFLOG, nflog, "nflog ip6 udp"),
        (LinkType::PPP, join(&[&[0xff, 3, 0, 0x21], &v4]), "ppp ip udp"),
        (LinkType::PPP, join(&[&[0x57], &v6]), "ppp ip6 udp"),
        (LinkType::PPP_HDLC, join(&[&[0xff, 3, 0, 0x57], &v6]), "ppp ip6 udp"),
        (LinkType::PPP_HDLC, join(&[&[0x0f, 0, 8, 0], &v4]), "chdlc ip udp"),
        (LinkType::PPP_ETHER, join(&[&[0x11, 0, 0, 1, 0, 32, 0, 0x21], &v4]), "pppoe ppp ip udp"),
        (LinkType::C_HDLC, join(&[&[0x8f, 0, 0x86, 0xdd], &v6]), "chdlc ip6 udp"),
        (LinkType::C_HDLC, join(&[&[0xff, 3, 0, 0x21], &v4]), "ppp ip udp"),
        (LinkType::IEEE802_11, wlan.clone(), "wlan llc snap ip udp"),
        (
            LinkType::IEEE802_11_RADIOTAP,
            join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &wlan]),
            "radiotap wlan llc snap ip udp",
        ),
        (LinkType::IEEE802_11_PRISM, prism, "prism wlan llc snap ip udp"),
        (LinkType::PPI, join(&[&[0, 0, 8, 0, 105, 0, 0, 0], &wlan]), "ppi wlan llc snap ip udp"),
        (
            LinkType::PPI,
            join(&[&[0, 0, 8, 0, 1, 0, 0, 0], &ethernet(0x0800, &v4)]),
            "ppi ethernet ip udp",
        ),
        (LinkType::ETHERNET, ethernet(38, &snap), "ethernet llc snap ip udp"),
        (LinkType::IEEE802_11, aggregate, "wlan llc snap ip udp"),
        (LinkType::FDDI, join(&[&[0x50], &[0; 12], &snap]), "fddi llc snap ip udp"),
        (LinkType::ATM_RFC1483, snap.clone(), "llc snap ip udp"),
        (LinkType::FRELAY, join(&[&[0x18, 0x41, 3, 0xcc], &v4]), "frame-relay ip udp"),
        (LinkType::FRELAY, join(&[&[0x18, 0x41, 3, 0x8e], &v6]), "frame-relay ip6 udp"),
        (LinkType::FRELAY, join(&[&[0x18, 0x41, 8, 0], &v4]), "frame-relay ip udp"),
        (
            LinkType::FRELAY,
            join(&[&[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0], &v4]),
            "frame-relay snap ip udp",
        ),
        (LinkType::IPOIB, join(&[&[0xff; 40], &[8, 0, 0, 0], &v4]), "ipoib ip udp"),
        (LinkType::PFLOG, join(&[&[61, 2], &[0; 62], &v4]), "pflog ip udp"),
        (LinkType::ENC, join(&[&[0, 0, 0, 24], &[0; 8], &v6]), "enc ip6 udp"),
        (LinkType::PKTAP, pktap(1, &ethernet(0x0800, &v4)), "pktap ethernet ip udp"),
        (LinkType::PKTAP, pktap(12, &v6), "pktap ip6 udp"),
        (LinkType::PKTAP, pktap(0, &join(&[&[30, 0, 0, 0], &v6])), "pktap null ip6 udp"),
    ];
    for (link, frame, expected) in cases {
        assert!(link_is_known(link));
        assert_eq!(read(link, &frame), (expected.to_owned(), 2), "{link}");
        every_prefix_has_fewer_layers(link, &frame);
    }
}

/// Each prefix of a frame has the layers that fit into it, and no other.
fn every_prefix_has_fewer_layers(link: LinkType, frame: &[u8]) {
    let original = frame.len() as u32;
    let (_, whole) = check(link, frame, original);
    for cut in 0..frame.len() {
        let (packet, layers) = check(link, &frame[..cut], original);
        assert!(whole.starts_with(&layers), "{link} cut at {cut}: {layers:?}");
        let payload_at = 2;
        assert_eq!(layers.len() == whole.len(), cut + payload_at >= frame.len(), "{link} {cut}");
        assert!(packet.ip_version == 0 || packet.ip_len >= 30);
    }
}

#[test]
fn unknown_link_types_are_known_to_be_so() {
    for number in 0..300 {
        let link = LinkType(number);
        let (packet, layers) = check(link, &[0x45; 60], 60);
        if !link_is_known(link) {
            assert_eq!((packet.last, packet.stop, layers.len()), (Layer::Unknown, None, 0));
        }
    }
    let known = (0..300).filter(|&number| link_is_known(LinkType(number))).count();
    assert_eq!(known, 26);
}

#[test]
fn where_hardware_addresses_are() {
    let snap = join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ipv4(17, &udp(1, 2, b""))]);
    let frame = join(&[&[0, 0, 8, 0, 0, 0, 0, 0], &[8, 2], &[0; 22], &snap]);
    let (packet, _) = check(LinkType::IEEE802_11_RADIOTAP, &frame, frame.len() as u32);
    assert_eq!((packet.mac_dst_plus_one, packet.mac_src_plus_one), (8 + 4 + 1, 8 + 16 + 1));
    let frame =
        join(&[&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 6], &[0, 1, 8, 0, 6, 4, 0, 1]]);
    let (packet, _) = check(LinkType::LINUX_SLL, &frame, frame.len() as u32);
    assert_eq!((packet.mac_dst_plus_one, packet.mac_src_plus_one), (0, 7));
}

#[test]
fn a_frame_check_sequence_is_not_payload() {
    // IPv4 claims four bytes more than there are without the check sequence.
    let mut ip = ipv4(17, &udp(1, 2, b"hi"));
    ip[3] += 4;
    let frame = join(&[
        &[0, 0, 9, 0, 2, 0, 0, 0, 0x10],
        &[8, 0],
        &[0; 22],
        &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
        &ip,
        &[0xfc; 4],
    ]);
    let (packet, _) = check(LinkType::IEEE802_11_RADIOTAP, &frame, frame.len() as u32);
    assert_eq!((packet.ip_len, packet.marks), (30, crate::Marks::CLAMPED));
}

#[test]
fn raw_ip_of_another_version_is_damaged() {
    let (packet, _) = check(LinkType::RAW, &[0x55; 40], 40);
    assert_eq!(packet.stop.unwrap().reason, Reason::BadVersion);
    let (packet, _) = check(LinkType::IPV6, &ipv4(17, &udp(1, 2, b"")), 28);
    assert_eq!((packet.ip_version, packet.stop.unwrap().layer), (0, Layer::Ipv6));
}

#[test]
fn tags_between_ethernet_and_ip() {
    let ip = ipv4(17, &udp(1, 2, b""));
    let inner = ethernet(0x0800, &ip);
    let cases: [(u16, Vec<u8>, &str); 12] = [
        (0x88e7, join(&[&[0, 0, 0, 7], &inner]), "ethernet pbb ethernet ip udp"),
        (0x8903, join(&[&[0, 1], &inner]), "ethernet fabricpath ethernet ip udp"),
        (0x892f, join(&[&[0, 1, 0, 2, 8, 0], &ip]), "ethernet hsr ip udp"),
        (0x893f, join(&[&[0, 1, 0, 2, 0, 0, 8, 0], &ip]), "ethernet etag ip udp"),
        (0xf1c1, join(&[&[0, 0, 0, 2, 8, 0], &ip]), "ethernet rtag ip udp"),
        (
            0x4305,
            join(&[&[0x40, 15, 50, 0, 2, 0, 0, 0, 0, 7], &inner]),
            "ethernet batman ethernet ip udp",
        ),
        (0x8926, join(&[&[0, 1, 0, 2, 8, 0], &ip]), "ethernet vntag ip udp"),
        (0x8909, join(&[&[1, 1, 0, 1, 0, 9, 8, 0], &ip]), "ethernet cmd ip udp"),
        (0x894f, join(&[&[0, 2, 1, 1, 0, 0, 1, 255], &ip]), "ethernet nsh ip udp"),
        (0x88e5, join(&[&[0, 30, 0, 0, 0, 1, 8, 0], &ip, &[9; 16]]), "ethernet macsec ip udp"),
        (
            0x88e5,
            join(&[&[0x20, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0], &ip, &[9; 16]]),
            "ethernet macsec ip udp",
        ),
        (0x8864, join(&[&[0x11, 0, 0, 9, 0, 30, 0, 0x21], &ip]), "ethernet pppoe ppp ip udp"),
    ];
    for (ether_type, payload, expected) in cases {
        let frame = ethernet(ether_type, &payload);
        assert_eq!(layers(&frame), expected);
        assert_eq!(packet(&frame).dst_port, 2);
        every_prefix_is_a_prefix(&frame);
    }
}

#[test]
fn what_is_encrypted_stays_unknown() {
    let ip = ipv4(17, &udp(1, 2, b""));
    for flags in [0x0c, 0x08, 0x04] {
        let frame = ethernet(0x88e5, &join(&[&[flags, 0, 0, 0, 0, 1, 8, 0], &ip, &[9; 16]]));
        assert_eq!(layers(&frame), "ethernet macsec");
        assert_eq!((packet(&frame).ip_version, packet(&frame).stop), (0, None));
    }
}

#[test]
fn of_an_aggregate_the_first_packet_counts() {
    let packet_to = |port| {
        let ip = ipv4(17, &udp(1, port, b"hi"));
        let body = join(&[&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip]);
        join(&[&[3; 6], &[4; 6], &[0, body.len() as u8], &body])
    };
    let head = join(&[&[0x88, 0], &[0; 22], &[0x80, 0]]);
    let frame = join(&[&head, &packet_to(7), &[0, 0], &packet_to(9)]);
    let (packet, _) = check(LinkType::IEEE802_11, &frame, frame.len() as u32);
    assert_eq!((packet.dst_port, packet.app_len, packet.stop), (7, 2, None));
    assert_eq!((packet.mac_dst_plus_one, packet.mac_src_plus_one), (26 + 1, 26 + 6 + 1));
}

fn every_prefix_is_a_prefix(frame: &[u8]) {
    let (_, whole) = check(LinkType::ETHERNET, frame, frame.len() as u32);
    for cut in 0..frame.len() {
        let (_, layers) = check(LinkType::ETHERNET, &frame[..cut], frame.len() as u32);
        assert!(whole.starts_with(&layers));
    }
}
