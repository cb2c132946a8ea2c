//! Who is taken for the client.

use flowloom_engine::{Address, Client, Mac, Network};
use serde_json::json;

use crate::captures::Frames;
use crate::common::Row;
use crate::packets::{fragment4, icmp, ipv6, tcp, udp, udp_datagram};
use crate::{numbers, trace};
use flowloom_wire::tcp_flags::{ACK, SYN};

/// A host of IPv4, and its hardware address by its last octet.
const HOME: u32 = 1;
const ROUTER: u8 = 254;

#[test]
fn the_client_is_who_opened_the_most_connections() {
    // The capture begins with a packet of a server, and another host sends more.
    let mut frames = vec![via(ROUTER, 1, tcp((77, 443), (HOME, 1_000), ACK, 1, 1, 100))];
    for port in 0..5 {
        frames.push(via(
            1,
            ROUTER,
            tcp((HOME, 2_000 + port), (70 + u32::from(port), 443), SYN, 1, 0, 0),
        ));
        frames.push(via(
            ROUTER,
            1,
            tcp((70 + u32::from(port), 443), (HOME, 2_000 + port), SYN | ACK, 1, 2, 0),
        ));
    }
    frames.extend((0..20).map(|port| via(3, 9, udp((3, 3_000 + port), (9, 53), 10))));
    let found = row(&frames, Client::Auto);
    assert_eq!(found.0["client"], json!(["10.0.0.1"]));
    let directions = numbers(&found, "directions");
    assert_eq!(directions[..5], [-1, 1, -1, 1, -1]);
    assert!(directions[11..].iter().all(|direction| *direction == 0));
    let counts = ["up_packet_count", "down_packet_count", "packet_count"].map(|c| found.number(c));
    assert_eq!(counts, [5, 6, 31]);
    assert_eq!(found.number("up_byte_count"), 5 * 54);
}

#[test]
fn other_addresses_of_the_same_card_are_the_client_s_too() {
    let udp6 = |from, to| ipv6(from, to, 17, &udp_datagram(1_000, 53, b"?"));
    let frames = [
        via(1, ROUTER, tcp((HOME, 1_000), (77, 443), SYN, 1, 0, 0)),
        via(1, ROUTER, udp6(1, 77)),
        via(ROUTER, 1, udp6(77, 1)),
        via(2, ROUTER, udp6(2, 77)),
    ];
    let found = row(&frames, Client::Auto);
    assert_eq!(found.0["client"], json!(["10.0.0.1", "fd00::1"]));
    assert_eq!(numbers(&found, "directions"), [1, 1, -1, 0]);
}

#[test]
fn fragments_that_stayed_alone_are_of_whoever_has_their_address() {
    let udp6 = ipv6(1, 77, 17, &udp_datagram(1_000, 53, b"?"));
    let other = udp((9, 1_000), (77, 53), 1);
    let frames = [
        via(1, ROUTER, tcp((HOME, 1_000), (77, 443), SYN, 1, 0, 0)),
        via(1, ROUTER, udp6),
        via(1, ROUTER, other),
        via(1, ROUTER, fragment4((9, 77), 17, 7, 0, true, &[0; 64])),
        via(ROUTER, 1, fragment4((77, 9), 17, 8, 0, true, &[0; 64])),
        via(ROUTER, 1, fragment4((77, 78), 17, 9, 0, true, &[0; 64])),
    ];
    let found = row(&frames, Client::Auto);
    assert_eq!(numbers(&found, "directions"), [1, 1, 1, 1, -1, 0]);
}

#[test]
fn without_hardware_addresses_each_ip_version_has_a_client() {
    // The same everywhere: as good as none.
    let udp6 = |from, to| via(5, 5, ipv6(from, to, 17, &udp_datagram(1_000, 53, b"?")));
    let frames = [
        via(5, 5, tcp((HOME, 1_000), (77, 443), SYN, 1, 0, 0)),
        udp6(1, 77),
        udp6(1, 78),
        udp6(2, 77),
        via(5, 5, icmp(2, HOME, 8, 1)),
    ];
    let found = row(&frames, Client::Auto);
    assert_eq!(found.0["client"], json!(["10.0.0.1", "fd00::1"]));
    assert_eq!(numbers(&found, "directions"), [1, 1, 1, 0, -1]);
}

#[test]
fn a_host_that_speaks_with_itself_is_asked_last() {
    let local = |port| via(0, 0, tcp((7, port), (7, 80), SYN, 1, 0, 0));
    let answer = via(0, 0, tcp((7, 80), (7, 1), SYN | ACK, 1, 2, 0));
    let visit = via(1, ROUTER, udp((HOME, 1_000), (77, 53), 10));
    let found = row(&[local(1), local(2), visit.clone()], Client::Auto);
    assert_eq!(found.0["client"], json!(["10.0.0.1"]));
    assert_eq!(numbers(&found, "directions"), [0, 0, 1]);
    // If there is nothing else, its initiator's side is the client.
    let found = row(&[local(1), answer, local(2)], Client::Auto);
    assert_eq!(numbers(&found, "directions"), [1, -1, 1]);
}

#[test]
fn groups_are_no_servers() {
    let all = 0xff_ffff;
    let frames = [
        via(3, 255, udp((3, 1), (all, 67), 10)),
        via(4, 255, udp((4, 5_353), (5, 5_353), 10)),
        via(3, 255, udp((3, 2), (all, 67), 10)),
    ];
    // 10.255.255.255 may be a host: networks are not known.
    assert_eq!(row(&frames, Client::Auto).0["client"], json!(["10.0.0.3"]));
    let multicast = |port| {
        let mut frame = via(3, 255, udp((3, port), (0, 53), 10));
        frame[30] = 224;
        frame
    };
    let frames = [multicast(1), multicast(2), frames[1].clone()];
    assert_eq!(row(&frames, Client::Auto).0["client"], json!(["10.0.0.4"]));
}

#[test]
fn the_client_can_be_named() {
    let frames = [
        via(1, ROUTER, udp((HOME, 1_000), (0x10_0077, 53), 10)),
        via(2, ROUTER, udp((2, 1_000), (0x10_0077, 53), 10)),
        via(ROUTER, 2, udp((0x10_0077, 53), (2, 1_000), 10)),
        via(1, 2, udp((HOME, 7), (2, 7), 10)),
    ];
    let net = |prefix, host: [u8; 4]| {
        Client::Network(Network::new(Address::v4(host), 4, prefix).unwrap())
    };
    let cases = [
        (net(32, [10, 0, 0, 2]), vec![0, 1, -1, -1], json!(["10.0.0.2"])),
        (net(24, [10, 0, 0, 0]), vec![1, 1, -1, 0], json!(["10.0.0.1", "10.0.0.2"])),
        (Client::Mac(Mac([2, 0, 0, 0, 0, 2])), vec![0, 1, -1, -1], json!(["10.0.0.2"])),
        (net(32, [10, 9, 9, 9]), vec![0, 0, 0, 0], json!([])),
    ];
    for (client, directions, addresses) in cases {
        let found = row(&frames, client);
        assert_eq!(numbers(&found, "directions"), directions, "{client:?}");
        assert_eq!(found.0["client"], addresses, "{client:?}");
        let up = directions.iter().filter(|direction| **direction == 1).count() as u64;
        assert_eq!(found.number("up_packet_count"), up);
    }
}

#[test]
fn signed_lengths_have_the_client_s_sign() {
    let frames = [
        via(1, ROUTER, tcp((HOME, 1_000), (77, 443), SYN, 1, 0, 0)),
        via(ROUTER, 1, tcp((77, 443), (HOME, 1_000), SYN | ACK, 1, 2, 0)),
        via(3, ROUTER, udp((3, 1_000), (77, 53), 10)),
    ];
    let directory = tempfile::tempdir().unwrap();
    let path = write(&frames, directory.path());
    let found = trace(&path, |traces| traces.config.signs = flowloom_engine::Signs::Signed);
    assert_eq!(numbers(&found, "packet_lengths"), [54, -54, 0]);
}

fn row(frames: &[Vec<u8>], client: Client) -> Row {
    let directory = tempfile::tempdir().unwrap();
    trace(&write(frames, directory.path()), |traces| traces.client = client)
}

fn write(frames: &[Vec<u8>], directory: &std::path::Path) -> std::path::PathBuf {
    Frames::ethernet((0..).map(|i| i * 1_000).zip(frames.iter().cloned())).write(directory)
}

/// The frame from and to these hardware addresses.
fn via(from: u8, to: u8, mut frame: Vec<u8>) -> Vec<u8> {
    frame[..6].copy_from_slice(&[2, 0, 0, 0, 0, to]);
    frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, from]);
    frame
}
