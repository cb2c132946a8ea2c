//! Tunnels of all kinds: which are entered, what becomes of keys, and how they are named.

use flowloom_schema::LinkType;

use super::build::{ethernet, fragment4, ipv4, ipv6, join, tcp, udp, vlan};
use super::{check, layers, packet};
use crate::{Layer, Marks, Options, Reason, Transport, Vlan, tunnel_path};

fn path(frame: &[u8]) -> String {
    let options = Options::default();
    tunnel_path(LinkType::ETHERNET, frame, frame.len() as u32, &options).to_string()
}

/// Innermost: UDP to port 7.
fn v4() -> Vec<u8> {
    ipv4(17, &udp(1, 7, b"hi"))
}

fn v6() -> Vec<u8> {
    ipv6(17, &udp(1, 7, b"hi"))
}

fn in_udp(port: u16, header: &[u8], inner: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4(17, &udp(5000, port, &join(&[header, inner]))))
}

fn in_gre(header: &[u8], inner: &[u8]) -> Vec<u8> {
    ethernet(0x0800, &ipv4(47, &join(&[header, inner])))
}

const VXLAN: [u8; 8] = [8, 0, 0, 0, 0, 0, 100, 0];
/// 802.11, without anything said of the radio.
const CAPWAP_80211: [u8; 8] = [0, 0x10, 0x43, 0, 0, 0, 0, 0];

/// A data frame with these two bytes of control.
fn wlan(control: [u8; 2], inner: &[u8]) -> Vec<u8> {
    join(&[&control, &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], inner])
}

const GTP: [u8; 8] = [0x30, 0xff, 0, 30, 0, 0, 0x12, 0x34];

#[test]
fn every_tunnel_is_entered_and_named() {
    let frame4 = ethernet(0x0800, &v4());
    let cases: [(Vec<u8>, &str, &str); 41] = [
        (ethernet(0x0800, &ipv4(4, &v4())), "ip ip udp", "ipip"),
        (ethernet(0x0800, &ipv4(41, &v6())), "ip ip6 udp", "ip6ip"),
        (ethernet(0x86dd, &ipv6(4, &v4())), "ip6 ip udp", "ipip6"),
        (ethernet(0x86dd, &ipv6(41, &v6())), "ip6 ip6 udp", "ip6ip6"),
        (in_gre(&[0, 0, 8, 0], &v4()), "ip gre ip udp", "gre"),
        (in_gre(&[0x20, 0, 0x86, 0xdd, 0, 0, 0, 7], &v6()), "ip gre ip6 udp", "gre(key=7)"),
        (
            in_gre(&[0x20, 0, 0x65, 0x58, 0, 0, 9, 0], &frame4),
            "ip nvgre ethernet ip udp",
            "nvgre(vsid=9)",
        ),
        (in_gre(&[0, 0, 0x65, 0x58], &frame4), "ip gre ethernet ip udp", "gre"),
        (
            in_gre(&[0x20, 1, 0x88, 0x0b, 0, 34, 0, 5], &join(&[&[0xff, 3, 0, 0x21], &v4()])),
            "ip gre ppp ip udp",
            "gre",
        ),
        (in_gre(&[0, 0, 0x88, 0xbe], &frame4), "ip gre ethernet ip udp", "gre"),
        (
            in_gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 5, 0, 0, 0, 0], &frame4),
            "ip gre erspan ethernet ip udp",
            "gre/erspan(id=5)",
        ),
        (
            in_gre(
                &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
                &frame4,
            ),
            "ip gre erspan ethernet ip udp",
            "gre/erspan(id=6)",
        ),
        (in_udp(4789, &VXLAN, &frame4), "ip udp vxlan ethernet ip udp", "vxlan(vni=100)"),
        (in_udp(8472, &VXLAN, &frame4), "ip udp vxlan ethernet ip udp", "vxlan(vni=100)"),
        (in_udp(4790, &[0x0c, 0, 0, 2, 0, 0, 3, 0], &v6()), "ip udp vxlan ip6 udp", "vxlan(vni=3)"),
        (
            in_udp(6081, &[1, 0, 0x65, 0x58, 0, 0, 1, 0, 1, 2, 3, 0], &frame4),
            "ip udp geneve ethernet ip udp",
            "geneve(vni=1)",
        ),
        (
            in_udp(6081, &[0, 0, 0x86, 0xdd, 0, 0, 2, 0], &v6()),
            "ip udp geneve ip6 udp",
            "geneve(vni=2)",
        ),
        (in_udp(2152, &GTP, &v4()), "ip udp gtp ip udp", "gtp(teid=0x1234)"),
        (in_udp(3544, &[], &v6()), "ip udp teredo ip6 udp", "teredo"),
        (in_udp(3544, &[0, 0, 1, 2, 3, 4, 5, 6], &v6()), "ip udp teredo ip6 udp", "teredo"),
        (
            in_udp(1701, &[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &v4()),
            "ip udp l2tp ppp ip udp",
            "l2tp(tunnel=1,session=2)",
        ),
        (
            in_udp(
                4790,
                &[0x0c, 0, 0, 4, 0, 0, 3, 0],
                &join(&[&[0, 2, 1, 1, 0, 0, 1, 255], &v4()]),
            ),
            "ip udp vxlan nsh ip udp",
            "vxlan(vni=3)",
        ),
        (in_udp(4341, &[0xc0, 0, 0, 7, 0, 0, 0, 0], &v6()), "ip udp lisp ip6 udp", "lisp"),
        (in_udp(4754, &[0, 0, 8, 0], &v4()), "ip udp gre ip udp", "gre"),
        (in_udp(6635, &[0, 1, 0, 64, 0, 1, 0x11, 64], &v4()), "ip udp mpls ip udp", "mpls(16,17)"),
        (
            ethernet(0x0800, &ipv4(97, &join(&[&[0x30, 0], &frame4]))),
            "ip etherip ethernet ip udp",
            "etherip",
        ),
        (
            ethernet(0x0800, &ipv4(103, &join(&[&[0x21, 0, 0, 0, 0, 0, 0, 0], &v4()]))),
            "ip pim ip udp",
            "pim",
        ),
        (
            ethernet(0x86dd, &ipv6(103, &join(&[&[0x21, 0, 0, 0, 0x80, 0, 0, 0], &v6()]))),
            "ip6 pim ip6 udp",
            "pim",
        ),
        (ethernet(0x86dd, &ipv6(143, &frame4)), "ip6 ethernet ip udp", "ethernet"),
        (in_gre(&[0, 0, 0x88, 0x3e], &v4()), "ip gre ip udp", "gre"),
        (in_gre(&[0, 0, 0x88, 0x3e, 0x80, 0, 0, 1], &v4()), "ip gre ip udp", "gre"),
        (in_gre(&[0, 0, 0x82, 0x10], &wlan([8, 1], &v4())), "ip gre wlan llc snap ip udp", "gre"),
        (
            in_gre(&[0, 0, 0x65, 0x59], &join(&[&[0x18, 0x41, 3, 0xcc], &v4()])),
            "ip gre frame-relay ip udp",
            "gre",
        ),
        (in_gre(&[0, 0, 0x65, 0x59, 0x18, 0x41, 8, 0], &v4()), "ip gre frame-relay ip udp", "gre"),
        (
            in_udp(5072, &join(&[&[0x01, 0x12, 0x11, 41], &[0; 9]]), &v6()),
            "ip udp ayiya ip6 udp",
            "ayiya",
        ),
        (
            in_udp(5247, &[0, 0x10, 0x42, 0, 0, 0, 0, 0], &frame4),
            "ip udp capwap ethernet ip udp",
            "capwap",
        ),
        (
            in_udp(5247, &CAPWAP_80211, &wlan([8, 1], &v4())),
            "ip udp capwap wlan llc snap ip udp",
            "capwap",
        ),
        (
            in_udp(5247, &CAPWAP_80211, &wlan([1, 8], &v4())),
            "ip udp capwap wlan llc snap ip udp",
            "capwap",
        ),
        (
            ethernet(0x8847, &join(&[&[0, 1, 0, 64, 0, 1, 0x11, 64], &v4()])),
            "mpls ip udp",
            "mpls(16,17)",
        ),
        (
            ethernet(0x8847, &join(&[&[0, 1, 0x01, 64, 0, 0, 0, 0], &frame4])),
            "mpls ethernet ip udp",
            "mpls(16)",
        ),
        (
            ethernet(0x8847, &join(&[&[0, 1, 0x01, 64], &frame4])),
            "mpls ethernet ip udp",
            "mpls(16)",
        ),
    ];
    for (frame, expected, name) in cases {
        assert_eq!(layers(&frame), format!("ethernet {expected}"));
        assert_eq!(path(&frame), name);
        let packet = packet(&frame);
        assert_eq!((packet.dst_port, packet.app_len, packet.stop), (7, 2, None), "{name}");
        assert_eq!(packet.marks, Marks::TUNNELED, "{name}");
        every_prefix_is_a_prefix(&frame);
    }
}

/// A cut frame has the layers of the whole one as far as they go, and lengths are not cut.
fn every_prefix_is_a_prefix(frame: &[u8]) {
    let original = frame.len() as u32;
    let (whole, whole_layers) = check(LinkType::ETHERNET, frame, original);
    for cut in 0..frame.len() {
        let (packet, layers) = check(LinkType::ETHERNET, &frame[..cut], original);
        assert!(whole_layers.starts_with(&layers));
        if packet.ip_version != 0 && packet.ip_offset == whole.ip_offset {
            assert_eq!((packet.ip_len, packet.src), (whole.ip_len, whole.src));
        }
    }
}

#[test]
fn a_port_alone_is_no_tunnel() {
    let frame4 = ethernet(0x0800, &v4());
    let mut wrong_version = v4();
    wrong_version[0] = 0x55;
    let mut too_long = v4();
    too_long[3] = 200;
    let cases = [
        in_udp(4789, &[0, 0, 0, 0, 0, 0, 100, 0], &frame4),
        in_udp(4789, &VXLAN, &ethernet(0x1234, &v4())),
        in_udp(4789, &VXLAN, &ethernet(0x0800, &too_long)),
        in_udp(4789, &VXLAN, &ethernet(0x86dd, &v4())),
        in_udp(6081, &[0, 0x80, 0x65, 0x58, 0, 0, 1, 0], &frame4),
        in_udp(6081, &[0, 0, 0x12, 0x34, 0, 0, 1, 0], &frame4),
        in_udp(2152, &GTP, &wrong_version),
        in_udp(2152, &GTP, &too_long),
        in_udp(2152, &[0x30, 1, 0, 30, 0, 0, 0x12, 0x34], &v4()),
        in_udp(2152, &[0x20, 0xff, 0, 30, 0, 0, 0x12, 0x34], &v4()),
        in_udp(3544, &[], &v4()),
        in_udp(1701, &[0xc8, 2, 0, 20, 0, 1, 0, 2, 0, 0, 0, 0], &v4()),
        in_udp(1701, &[0, 2, 0, 1, 0, 2, 0x12, 0x34], &v4()),
        in_udp(2153, &GTP, &v4()),
        in_udp(4341, &[0x20, 0, 0, 7, 0, 0, 0, 0], &v4()),
        in_udp(4341, &[0xc0, 0, 0, 7, 0, 0, 0, 0], &too_long),
        in_udp(4754, &[0, 0, 0x86, 0xdd], &v4()),
        in_udp(4754, &[0, 1, 8, 0], &v4()),
        in_udp(6635, &[0, 1, 0, 64], &v4()),
        in_udp(6635, &[0, 1, 1, 64], &too_long),
        in_udp(4790, &[0x0c, 0, 0, 4, 0, 0, 3, 0], &join(&[&[0, 2, 1, 2, 0, 0, 1, 255], &v4()])),
        in_udp(5072, &join(&[&[0x01, 0x12, 0x11, 41], &[0; 9]]), &v4()),
        in_udp(5072, &join(&[&[0x01, 0x12, 0x10, 41], &[0; 9]]), &v6()),
        in_udp(5072, &join(&[&[0x01, 0x12, 0x11, 6], &[0; 9]]), &v6()),
        in_udp(5247, &[1, 0x10, 0x43, 0, 0, 0, 0, 0], &wlan([8, 1], &v4())),
        in_udp(5247, &[0, 0x10, 0x43, 0x80, 0, 0, 0, 0], &wlan([8, 1], &v4())),
        in_udp(5247, &CAPWAP_80211, &wlan([7, 7], &v4())),
        in_udp(5247, &CAPWAP_80211, &join(&[&[8, 1], &[0; 22], &v4()])),
        in_udp(5247, &[0, 0x10, 0x42, 0, 0, 0, 0, 0], &v4()),
    ];
    for frame in cases {
        let packet = packet(&frame);
        assert_eq!(layers(&frame), "ethernet ip udp");
        assert_eq!((packet.src_port, packet.transport), (5000, Transport::Udp));
        assert_eq!((packet.stop, packet.vni_plus_one), (None, 0));
        assert_eq!((packet.marks, path(&frame).as_str()), (Marks::default(), ""));
    }
}

#[test]
fn a_frame_cut_without_saying_so_has_its_tunnels() {
    let frame4 = ethernet(0x0800, &v4());
    let gtp = in_udp(2152, &GTP, &v4());
    let vxlan = in_udp(4789, &VXLAN, &frame4);
    for frame in [gtp, vxlan] {
        // Down to the inner UDP header, and the original length is as short.
        let cut = &frame[..frame.len() - 2];
        let packet = packet(cut);
        assert_eq!((packet.dst_port, packet.app_len, packet.stop), (7, 0, None));
        assert_eq!((packet.ip_len, layers(cut)), (28, layers(&frame)));
        assert!(packet.marks.has(Marks::CLAMPED) && packet.marks.has(Marks::TUNNELED));
    }
    // The outer headers end where the frame does, and so must the inner ones.
    let mut longer = in_udp(2152, &GTP, &v4());
    longer[14 + 20 + 8 + 8 + 3] += 1;
    assert_eq!(layers(&longer), "ethernet ip udp");
}

#[test]
fn a_tunnel_that_is_certain_says_why_it_was_not_entered() {
    let mut wrong_version = v4();
    wrong_version[0] = 0x55;
    for (frame, layer) in [
        (ethernet(0x0800, &ipv4(4, &wrong_version)), Layer::Ipv4),
        (ethernet(0x0800, &ipv4(41, &v4())), Layer::Ipv6),
        (in_gre(&[0, 0, 8, 0], &wrong_version), Layer::Ipv4),
        (in_gre(&[0, 5, 8, 0], &v4()), Layer::Gre),
        (in_gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x70, 0, 0, 5, 0, 0, 0, 0], &[]), Layer::Erspan),
    ] {
        let packet = packet(&frame);
        assert_eq!((packet.ip_offset, packet.transport), (14, Transport::None));
        assert_eq!(packet.ip_len as usize, frame.len() - 14);
        assert_eq!(packet.stop.map(|stop| stop.layer), Some(layer));
    }
}

#[test]
fn what_is_no_ip_in_a_tunnel_leaves_the_outer_packet() {
    let arp = ethernet(0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]);
    let tagged = ethernet(0x8100, &vlan(9, 0x0806, &[0, 1, 8, 0, 6, 4, 0, 1]));
    for inner in [arp, tagged] {
        let packet = packet(&in_udp(4789, &VXLAN, &inner));
        assert_eq!((packet.dst_port, packet.last), (4789, Layer::Arp));
        assert_eq!((packet.vni_plus_one, packet.marks), (0, Marks::default()));
        assert_eq!((packet.mac_src_plus_one, packet.vlans[0].id()), (7, None));
    }
    // An acknowledgement of PPTP has no payload.
    let packet = packet(&in_gre(&[0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 5, 0, 0, 0, 1], &[]));
    assert_eq!((packet.protocol, packet.last, packet.stop), (47, Layer::Gre, None));
}

#[test]
fn vlans_are_those_of_the_innermost_ethernet_header() {
    let tags = |frame: &[u8]| packet(frame).vlans.map(Vlan::id);
    let outer = |inner: &[u8]| ethernet(0x88a8, &vlan(3, 0x8100, &vlan(4, 0x0800, inner)));
    assert_eq!(tags(&outer(&v4())), [Some(3), Some(4)]);
    assert_eq!(path(&outer(&v4())), "");
    // IP in IP has no Ethernet header of its own.
    assert_eq!(tags(&outer(&ipv4(4, &v4()))), [Some(3), Some(4)]);
    let vxlan = |inner: &[u8]| outer(&ipv4(17, &udp(5000, 4789, &join(&[&VXLAN, inner]))));
    let plain = vxlan(&ethernet(0x0800, &v4()));
    assert_eq!(tags(&plain), [None, None]);
    assert_eq!(path(&plain), "vlan(3)/vlan(4)/vxlan(vni=100)");
    let tagged = vxlan(&ethernet(0x8100, &vlan(0, 0x0800, &v4())));
    assert_eq!(tags(&tagged), [Some(0), None]);
    assert_eq!(path(&tagged), "vlan(3)/vlan(4)/vxlan(vni=100)");
}

#[test]
fn a_third_vlan_tag_is_in_the_path() {
    let frame = vlan(3, 0x8100, &vlan(4, 0x8100, &vlan(5, 0x0800, &v4())));
    let frame = ethernet(0x8100, &frame);
    assert_eq!(packet(&frame).vlans.map(Vlan::id), [Some(3), Some(4)]);
    assert_eq!((packet(&frame).marks, path(&frame).as_str()), (Marks::TUNNELED, "vlan(5)"));
}

#[test]
fn the_network_identifier_is_the_innermost() {
    let nvgre = |inner: &[u8]| ipv4(47, &join(&[&[0x20, 0, 0x65, 0x58, 0, 0, 9, 0], inner]));
    let vxlan = |inner: &[u8]| ipv4(17, &udp(5000, 4789, &join(&[&VXLAN, inner])));
    let both = ethernet(0x0800, &vxlan(&ethernet(0x0800, &nvgre(&ethernet(0x0800, &v4())))));
    assert_eq!((packet(&both).vni_plus_one, packet(&both).dst_port), (10, 7));
    assert_eq!(path(&both), "vxlan(vni=100)/nvgre(vsid=9)");
    let plain_inside = ethernet(0x0800, &vxlan(&ethernet(0x0800, &ipv4(4, &v4()))));
    assert_eq!(packet(&plain_inside).vni_plus_one, 101);
    assert_eq!(path(&plain_inside), "vxlan(vni=100)/ipip");
}

#[test]
fn the_outer_packet_bounds_the_inner_one() {
    // Four bytes of padding after the outer packet, which the inner one claims.
    let mut inner = v4();
    inner[3] += 4;
    let frame = join(&[&ethernet(0x0800, &ipv4(4, &inner)), &[0; 4]]);
    let packet = packet(&frame);
    assert_eq!((packet.ip_len, packet.app_len), (30, 2));
    assert!(packet.marks.has(Marks::CLAMPED) && packet.marks.has(Marks::TUNNELED));
}

#[test]
fn nothing_of_the_outer_packet_is_left_in_the_inner_one() {
    let mut frame = ethernet(0x0800, &ipv4(17, &udp(5000, 2152, &join(&[&GTP, &v4()]))));
    frame[17] = 200; // of the outer packet's length
    let (inner, _) = check(LinkType::ETHERNET, &frame, frame.len() as u32);
    assert_eq!((inner.src_port, inner.dst_port), (1, 7));
    assert_eq!(inner.marks, Marks::TUNNELED, "the outer packet was clamped, the inner is whole");
    let later = fragment4(17, 5, &[0; 16]);
    let outer = ethernet(0x0800, &ipv4(4, &later));
    let fragment = packet(&outer);
    assert_eq!((fragment.src_port, fragment.transport), (0, Transport::None));
    assert_eq!(fragment.marks.0, Marks::TUNNELED.0 | Marks::FRAGMENT.0);
}

#[test]
fn extension_headers_lead_on() {
    let segment = tcp(b"x");
    let options = |next| [next, 0, 1, 4, 0, 0, 0, 0];
    let ah = |next| [next, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let chain = join(&[&options(43), &[60, 0, 0, 0, 0, 0, 0, 0], &options(51), &ah(6), &segment]);
    let frame = ethernet(0x86dd, &ipv6(0, &chain));
    assert_eq!(layers(&frame), "ethernet ip6 ip6-hopbyhop ip6-routing ip6-destination ah tcp");
    let packet_6 = packet(&frame);
    assert_eq!((packet_6.protocol, packet_6.trans_offset, packet_6.trans_len), (6, 102, 21));
    assert_eq!((packet_6.ip_len, packet_6.app_len), (40 + 48 + 21, 1));
    let frame = ethernet(0x0800, &ipv4(51, &join(&[&ah(6), &segment])));
    assert_eq!((packet(&frame).protocol, layers(&frame).as_str()), (6, "ethernet ip ah tcp"));
    let esp = ethernet(0x86dd, &ipv6(50, &[0, 0, 0, 1, 0, 0, 0, 1, 9, 9]));
    assert_eq!((packet(&esp).protocol, packet(&esp).last), (50, Layer::Esp));
    let mobility = ethernet(0x86dd, &ipv6(135, &[59, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!((packet(&mobility).protocol, packet(&mobility).trans_len), (135, 8));
    let too_long = ethernet(0x86dd, &ipv6(60, &[6, 9, 0, 0, 0, 0, 0, 0]));
    let stop = packet(&too_long).stop.unwrap();
    assert_eq!((stop.layer, stop.reason), (Layer::DestinationOptions, Reason::BadLength));
}

#[test]
fn other_transports_have_ports() {
    let cases: [(u8, Vec<u8>, Transport, u32); 3] = [
        (132, join(&[&[0, 5, 0, 6], &[0; 8], b"chunk"]), Transport::Sctp, 5),
        (33, join(&[&[0, 5, 0, 6, 4, 0, 0, 0, 1], &[0; 7], b"data"]), Transport::Dccp, 4),
        (136, join(&[&[0, 5, 0, 6, 0, 8, 0, 0], b"light"]), Transport::Udp, 5),
    ];
    for (protocol, segment, transport, app_len) in cases {
        let packet = packet(&ethernet(0x0800, &ipv4(protocol, &segment)));
        assert_eq!((packet.src_port, packet.dst_port), (5, 6));
        assert_eq!((packet.protocol, packet.transport), (protocol, transport));
        assert_eq!((packet.app_len, packet.stop), (app_len, None));
        assert!(packet.transport.has_ports());
    }
}
