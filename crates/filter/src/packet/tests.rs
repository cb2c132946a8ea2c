//! Frames of which our rules say more than tcpdump does: IPv6 extension headers, fragments,
//! clipped headers; headers found by decoding; and any bytes at all.

use flowloom_schema::LinkType;
use flowloom_wire::{LayerStack, Options, Packet, decode};

use crate::Filter;

use super::FrameView;

fn passes(expression: &str, link: LinkType, bytes: &[u8], original: usize) -> bool {
    let filter = Filter::parse(expression).unwrap_or_else(|error| panic!("{error}"));
    let mut layers = LayerStack::new();
    let mut packet = Packet::default();
    let original = original as u32;
    decode(link, bytes, original, &Options::default(), &mut layers, &mut packet);
    let frame = FrameView { link, bytes, original, layers: &layers };
    filter.packet().expect(expression).matches(&frame)
}

/// Checks what passes and what does not, on an Ethernet frame cut to what is there of it.
fn check(bytes: &[u8], original: usize, passing: &[&str], others: &[&str]) {
    for expression in passing {
        assert!(passes(expression, LinkType::ETHERNET, bytes, original), "`{expression}`");
    }
    for expression in others {
        assert!(!passes(expression, LinkType::ETHERNET, bytes, original), "not `{expression}`");
    }
}

/// Ethernet and IPv6 from `2001:db8::1` to `2001:db8::2`, then `headers`.
fn ipv6(next: u8, headers: &[&[u8]]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60, 0, 0, 0];
    let payload = headers.concat();
    frame.extend((payload.len() as u16).to_be_bytes());
    frame.extend([next, 64]);
    for last in [1, 2] {
        frame.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    frame.extend(payload);
    frame
}

/// Ethernet and IPv4 from 10.0.0.1 to 10.0.0.2.
fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    frame.extend((payload.len() as u16 + 20).to_be_bytes());
    frame.extend([0, 1]);
    frame.extend(fragment.to_be_bytes());
    frame.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(payload);
    frame
}

/// Port 1234 to 80, SYN.
const TCP: &[u8] = &[4, 0xd2, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 1, 0, 0, 0, 0, 0];
/// Port 1234 to 53, four bytes.
const UDP: &[u8] = &[4, 0xd2, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4];
/// A neighbour solicitation's first bytes.
const NEIGHBOUR: &[u8] = &[135, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn ports_and_protocols_are_found_behind_extension_headers() {
    let hop_by_hop = [43, 0, 5, 2, 0, 0, 1, 0];
    let routing = [60, 0, 4, 0, 0, 0, 0, 0];
    let destination = [6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let frame = ipv6(0, &[&hop_by_hop, &routing, &destination, TCP]);
    check(
        &frame,
        frame.len(),
        &[
            "tcp",
            "proto 6",
            "ip6 proto 6",
            "ip6 protochain 6",
            "port 80",
            "tcp src port 1234 and dst port 80",
            "portrange 79-81",
            "proto 0 and proto 43 and proto 60",
            "ip6 host 2001:db8::1",
            "ip6[6] = 0",
        ],
        &["udp", "port 60", "ip proto 6", "proto 44", "tcp[13] = 2", "not tcp", "udp port 80"],
    );
}

#[test]
fn icmp6_is_found_behind_extension_headers() {
    let frame = ipv6(0, &[&[58, 0, 5, 2, 0, 0, 1, 0], NEIGHBOUR]);
    check(
        &frame,
        frame.len(),
        &["icmp6", "icmp6[icmp6type] = icmp6-neighborsolicit", "icmp6[icmp6code] = 0"],
        &["icmp6[icmp6type] = icmp6-echo", "icmp", "ip6[40] = 135"],
    );
}

#[test]
fn an_authentication_header_is_looked_through_in_ipv6() {
    let ah = [17, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let frame = ipv6(51, &[&ah, UDP]);
    check(
        &frame,
        frame.len(),
        &["ah", "udp", "udp port 53", "ip6 protochain 17"],
        &["tcp", "esp", "port 4"],
    );
    // In IPv4 only on request.
    let frame = ipv4(51, 0, &[&ah, UDP].concat());
    check(
        &frame,
        frame.len(),
        &["ah", "ip protochain 17", "protochain 51"],
        &["udp", "port 53", "ip protochain 6", "ip6 protochain 17"],
    );
}

#[test]
fn a_security_payload_ends_the_chain() {
    let frame = ipv6(50, &[&[6, 0, 0, 1, 0, 0, 0, 1], TCP]);
    check(&frame, frame.len(), &["esp", "ip6 proto 50"], &["tcp", "port 80"]);
    let frame = ipv6(59, &[TCP]);
    check(&frame, frame.len(), &["ip6 proto 59"], &["tcp", "port 80"]);
}

#[test]
fn the_first_fragment_has_ports_and_later_ones_have_not() {
    let first = ipv6(44, &[&[6, 0, 0, 1, 0, 0, 0, 9], TCP]);
    check(&first, first.len(), &["tcp", "port 80", "proto 44", "ip6 proto 44"], &["udp"]);
    // Bytes that would be port 80 if they were a header.
    let later = ipv6(44, &[&[6, 0, 0, 8, 0, 0, 0, 9], TCP]);
    check(&later, later.len(), &["tcp", "proto 44", "not port 80"], &["port 80", "udp"]);
    // What a later fragment says is next is not there: it is not looked through.
    let later = ipv6(44, &[&[60, 0, 0, 8, 0, 0, 0, 9], &[6, 0, 1, 4, 0, 0, 0, 0], TCP]);
    check(&later, later.len(), &["proto 60"], &["tcp", "port 80"]);
    // An atomic fragment is whole.
    let atomic = ipv6(44, &[&[17, 0, 0, 0, 0, 0, 0, 9], UDP]);
    check(&atomic, atomic.len(), &["udp port 53"], &[]);

    let first = ipv4(6, 0x2000, TCP);
    check(&first, first.len(), &["tcp", "port 80", "tcp[13] = 2"], &[]);
    let later = ipv4(6, 0x0001, TCP);
    check(
        &later,
        later.len(),
        &["tcp", "not port 80", "not tcp[13] = 2", "ip[6:2] & 0x1fff != 0"],
        &["port 80", "tcp[13] = 2", "tcp[13] != 2"],
    );
}

#[test]
fn what_is_clipped_makes_its_primitive_false_and_no_more() {
    let whole = ipv4(6, 0, TCP);
    // All of IPv4, no TCP.
    let cut = &whole[..34];
    check(
        cut,
        whole.len(),
        &["ip", "tcp", "host 10.0.0.2", "not port 80", "not tcp[13] = 2", "len = 54", "udp or tcp"],
        &["port 80", "tcp[13] = 2", "tcp[13] != 2", "ip[20] >= 0"],
    );
    // The source port and one byte of the other.
    let cut = &whole[..37];
    check(
        cut,
        whole.len(),
        &["src port 1234", "port 1234", "not dst port 80"],
        &["dst port 80", "src and dst port 1234"],
    );
    // The source address, not the other.
    let cut = &whole[..32];
    check(
        cut,
        whole.len(),
        &["src 10.0.0.1", "host 10.0.0.1", "tcp", "not host 10.0.0.2", "net 0.0.0.0/0"],
        &["dst 10.0.0.2", "dst net 10.0.0.0/8", "not host 10.0.0.1"],
    );
    // No more than the ethertype; then not even that.
    check(&whole[..14], whole.len(), &["ip", "ether src 2:0:0:0:0:1"], &["tcp", "host 10.0.0.1"]);
    check(&whole[..13], whole.len(), &["not ip", "greater 54"], &["ip", "ip6", "arp", "llc"]);
    check(&[], 60, &["not tcp", "len = 60"], &["tcp", "ether[0] >= 0", "multicast", "ip6"]);
}

#[test]
fn a_clipped_extension_header_hides_what_follows() {
    let whole = ipv6(0, &[&[6, 0, 5, 2, 0, 0, 1, 0], TCP]);
    let end = whole.len() - TCP.len();
    // The extension header says what follows, so that much is known.
    check(&whole[..end], whole.len(), &["tcp", "proto 0"], &["port 80"]);
    check(&whole[..end - 8], whole.len(), &["proto 0", "ip6", "not tcp"], &["tcp", "port 80"]);
    // Its length, not yet.
    check(&whole[..end - 7], whole.len(), &["proto 0"], &["tcp"]);
}

#[test]
fn a_chain_of_headers_is_followed_to_its_limit_only() {
    let option = [60, 0, 1, 4, 0, 0, 0, 0];
    let chain = |len: usize| {
        let mut headers = vec![&option[..]; len];
        let last = [6, 0, 1, 4, 0, 0, 0, 0];
        headers.push(&last);
        headers.push(TCP);
        ipv6(60, &headers)
    };
    let frame = chain(super::headers::HEADERS_MAX - 2);
    check(&frame, frame.len(), &["tcp", "port 80"], &[]);
    let frame = chain(super::headers::HEADERS_MAX - 1);
    check(&frame, frame.len(), &["proto 60"], &["tcp", "port 80"]);
}

#[test]
fn a_division_by_zero_makes_its_comparison_false() {
    let frame = ipv4(6, 0, TCP);
    check(
        &frame,
        frame.len(),
        &["not len / ip[6] = 0", "not len % ip[6] != 0", "len << ip[8] = 0", "len >> ip[8] = 0"],
        &["len / ip[6] = 0", "len / ip[6] >= 0"],
    );
}

#[test]
fn byte_and_masks_are_computed() {
    // tcpdump has no load in the program of these.
    let frame = ipv4(6, 0, TCP);
    check(
        &frame,
        frame.len(),
        &["byte 0 & 2", "byte 1 | 1", "byte 14 = 0x45", "byte 14 > 0x44", "byte 14 < 0x46"],
        &["byte 0 & 1", "byte 1 | 0", "byte 14 = 0x46"],
    );
}

#[test]
fn a_header_anywhere_in_the_frame_has_a_word() {
    // GRE (RFC 2784) with IPv4 and UDP in it.
    let inner = ipv4(17, 0, UDP);
    let gre = [&[0, 0, 8, 0][..], &inner[14..]].concat();
    let frame = ipv4(47, 0, &gre);
    check(&frame, frame.len(), &["gre", "ip proto 47"], &["vxlan", "udp", "port 53", "nvgre"]);
    let dhcp = ipv4(17, 0, &[0, 68, 0, 67, 0, 8, 0, 0]);
    check(&dhcp, dhcp.len(), &["dhcp"], &["dhcpv6", "gre"]);
}

#[test]
fn what_is_right_of_geneve_is_false_outside_of_geneve() {
    let frame = ipv4(6, 0, TCP);
    check(&frame, frame.len(), &["not geneve", "not (geneve and tcp)"], &["geneve or tcp"]);
    // What is asked of no byte does not depend on where bytes are.
    let placeless = ["geneve or len > 20", "geneve or greater 20", "geneve or 1 = 1"];
    check(&frame, frame.len(), &placeless, &["geneve or less 20", "geneve or len + ip[0] > 0"]);
}

#[test]
fn vlan_and_mpls_work_wherever_there_are_ethertypes() {
    let inner = ipv4(6, 0, TCP);
    let mut cooked = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0, 0, 5, 8, 0];
    cooked.extend(&inner[14..]);
    let passes = |expression| passes(expression, LinkType::LINUX_SLL, &cooked, cooked.len());
    assert!(passes("vlan 5 and tcp port 80"));
    assert!(!passes("vlan 6"));
    assert!(!passes("ether host 2:0:0:0:0:1"));
}

#[test]
fn packets_are_found_in_per_packet_information() {
    let frame = ipv4(6, 0, TCP);
    // PPI: version, flags, length 8, DLT 1.
    let ppi = [&[0, 0, 8, 0, 1, 0, 0, 0][..], &frame].concat();
    let passes = |expression| passes(expression, LinkType::PPI, &ppi, ppi.len());
    assert!(passes("tcp port 80 and ether src 2:0:0:0:0:1"));
    assert!(passes("link[2] = 8"));
    assert!(!passes("udp"));
}

/// Every primitive there is, on every prefix of frames of every kind: nothing panics.
#[test]
fn any_prefix_of_any_frame_is_filtered() {
    let expressions = [
        "host 10.0.0.1 or host 2001:db8::1 or arp host 10.0.0.1",
        "port 80 or portrange 5-6",
        "tcp or proto 50 or protochain 17 or ip6 proto 60",
        "ether host 2:0:0:0:0:1 or broadcast or multicast or ip multicast or ip6 multicast",
        "wlan addr1 2:0:0:0:0:1 or wlan addr4 2:0:0:0:0:1 or wlan ra 2:0:0:0:0:1 and type data or dir 3",
        "stp or ipx or atalk or aarp or netbeui or iso or clnp or isis or l1 or llc or llc ui",
        "decnet host 10.5",
        "vlan 5 and vlan and mpls 5 and mpls 6 and ip6",
        "pppoes 5 and ip and geneve 5 and tcp",
        "mpls and vlan and pppoes and mpls or geneve or tcp",
        "tcp[13] = 2 or icmp6[0] = 1 or ip[ip[0]:4] > 5 or radio[0] = 1 or link[-4:4] = 1",
        "ip[2:2] - tcp[12] * igmp[0] + icmp6[0] + arp[0] > 5",
    ];
    let filters: Vec<Filter> = expressions.iter().map(|e| Filter::parse(e).unwrap()).collect();
    let hop = [6, 0, 5, 2, 0, 0, 1, 0];
    let frames = [
        ipv4(6, 0, TCP),
        ipv6(0, &[&hop, TCP]),
        ipv6(44, &[&[6, 0, 0, 1, 0, 0, 0, 9], TCP]),
        [&[8, 3, 0, 0][..], &[2; 40]].concat(),
        [&[0, 0, 255, 255, 2, 0, 0, 0, 0x20][..], &[8; 40]].concat(),
        [&[0x80, 0x21, 0x10, 0, 255, 255, 255, 255][..], &[8; 40]].concat(),
        vec![0xff; 80],
        vec![0; 80],
    ];
    for link in (0..300).map(LinkType) {
        for frame in &frames {
            for len in 0..=frame.len() {
                let bytes = &frame[..len];
                let mut layers = LayerStack::new();
                let mut packet = Packet::default();
                let original = frame.len() as u32;
                decode(link, bytes, original, &Options::default(), &mut layers, &mut packet);
                let view = FrameView { link, bytes, original, layers: &layers };
                for filter in &filters {
                    let _ = filter.packet().map(|packet| packet.matches(&view));
                }
            }
        }
    }
}
