//! Who began, and what belongs together.

use flowloom_engine::{Address, Config, Initiator, KeyIgnore, Network};

use crate::common::Row;
use crate::packets::{icmp, ipv4, tagged, tcp, udp, udp_datagram};
use crate::{A, B, SECOND, Timed, ends, flows, handshake};
use flowloom_wire::tcp_flags::{ACK, SYN};

/// Who began each flow, by its last byte, and how that was told.
fn initiators(frames: &[Timed], rule: Initiator) -> Vec<String> {
    let (rows, _) = flows(frames, |config| config.flow.initiator = rule);
    let line = |row: &Row| format!("{} {}", row.text("src_ip"), row.text("initiator_by"));
    rows.iter().map(line).collect()
}

#[test]
fn the_protocol_tells_who_began() {
    let one = |frame| initiators(&[(0, frame)], Initiator::Protocol)[0].clone();
    assert_eq!(one(tcp(A, B, SYN, 1, 0, 0)), "10.0.0.1 syn");
    assert_eq!(one(tcp(B, A, SYN, 1, 0, 0)), "10.0.0.2 syn");
    assert_eq!(one(tcp(B, A, SYN | ACK, 1, 2, 0)), "10.0.0.1 syn_ack");
    assert_eq!(one(tcp(B, A, ACK, 1, 2, 7)), "10.0.0.2 first_packet");
    assert_eq!(one(udp(B, A, 7)), "10.0.0.2 first_packet");
    for (request, reply) in [(8, 0), (13, 14), (15, 16), (17, 18)] {
        assert_eq!(one(icmp(1, 2, request, 77)), "10.0.0.1 first_packet");
        assert_eq!(one(icmp(2, 1, reply, 77)), "10.0.0.1 icmp_reply");
    }
    assert_eq!(one(icmp(2, 1, 3, 0)), "10.0.0.2 first_packet", "unreachable is no reply");
}

#[test]
fn what_comes_later_does_not_change_who_began() {
    let frames = [(0, tcp(B, A, ACK, 1, 2, 7)), (1, tcp(A, B, SYN, 1, 0, 0))];
    assert_eq!(initiators(&frames, Initiator::Protocol), ["10.0.0.2 first_packet"]);
    let frames = [(0, icmp(2, 1, 0, 77)), (1, icmp(1, 2, 8, 77))];
    assert_eq!(initiators(&frames, Initiator::Protocol), ["10.0.0.1 icmp_reply"]);
}

/// Whoever asks itself: the addresses do not tell which way a message goes.
#[test]
fn answers_from_oneself_go_down() {
    for first in [8, 0] {
        let frames = [(0, icmp(1, 1, first, 77)), (1, icmp(1, 1, 8 - first, 77))];
        let (rows, _) = flows(&frames, |_| {});
        assert_eq!(rows.len(), 1);
        let counts = ["up_packet_count", "down_packet_count"].map(|name| rows[0].number(name));
        assert_eq!(counts, [1, 1]);
    }
}

#[test]
fn the_first_packet_may_be_made_to_tell() {
    let frames = [(0, tcp(B, A, SYN | ACK, 1, 2, 0)), (1, icmp(2, 1, 0, 77))];
    let expected = ["10.0.0.2 first_packet", "10.0.0.2 first_packet"];
    assert_eq!(initiators(&frames, Initiator::FirstPacket), expected);
}

#[test]
fn a_client_network_tells_where_one_end_is_inside() {
    let network = |last, prefix| {
        Initiator::Client(Network::new(Address::v4([10, 0, 0, last]), 4, prefix).unwrap())
    };
    let frames = [(0, tcp(A, B, SYN, 1, 0, 0))];
    assert_eq!(initiators(&frames, network(2, 32)), ["10.0.0.2 client_network"]);
    assert_eq!(initiators(&frames, network(1, 32)), ["10.0.0.1 client_network"]);
    assert_eq!(initiators(&frames, network(0, 24)), ["10.0.0.1 syn"], "both are inside");
    assert_eq!(initiators(&frames, network(9, 32)), ["10.0.0.1 syn"], "neither is inside");
}

#[test]
fn up_is_from_the_initiator() {
    let frames = handshake();
    let (rows, _) = flows(&frames[1..], |_| {});
    let counts = (rows[0].number("up_packet_count"), rows[0].number("down_packet_count"));
    assert_eq!(counts, (1, 1));
    assert_eq!((rows[0].port("src_port"), rows[0].port("dst_port")), (Some(5_000), Some(80)));
}

#[test]
fn tags_and_virtual_networks_keep_flows_apart_unless_ignored() {
    let inner = |forth| if forth { udp(A, B, 5) } else { udp(B, A, 5) };
    let ignore = |vlan, vni| {
        let ignored = KeyIgnore { vlan, vni, ..KeyIgnore::default() };
        move |config: &mut Config| config.flow.key_ignore = ignored
    };
    let vlans = [(0, tagged(&inner(true), 7)), (1, tagged(&inner(false), 8)), (2, inner(true))];
    assert_eq!(ends(&vlans, ignore(false, true)).len(), 3);
    assert_eq!(ends(&vlans, ignore(true, false)), ["1: 3 end_of_input"]);
    let vnis = [(0, vxlan(7, &inner(true))), (1, vxlan(8, &inner(false)))];
    assert_eq!(ends(&vnis, ignore(true, false)).len(), 2);
    assert_eq!(ends(&vnis, ignore(false, true)), ["1: 2 end_of_input"]);
}

#[test]
fn echoes_are_told_apart_by_their_identifiers() {
    let frames = [
        (0, icmp(1, 2, 8, 77)),
        (1, icmp(1, 2, 8, 78)),
        (2, icmp(2, 1, 0, 77)),
        (SECOND, icmp(2, 1, 0, 78)),
        (SECOND, icmp(2, 1, 8, 77)),
    ];
    assert_eq!(ends(&frames, |_| {}), ["1: 3 end_of_input", "2: 2 end_of_input"]);
    let (rows, _) = flows(&frames, |_| {});
    assert_eq!(rows[0].port("src_port"), None);
}

/// A frame in a virtual network.
fn vxlan(vni: u8, frame: &[u8]) -> Vec<u8> {
    let mut payload = vec![8, 0, 0, 0, 0, 0, vni, 0];
    payload.extend(frame);
    ipv4(8, 9, 17, &udp_datagram(40_000, 4_789, &payload))
}
