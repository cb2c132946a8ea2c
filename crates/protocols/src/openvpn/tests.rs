//! A TLS conversation of `openssl`, in packets of `OpenVPN` made here.

use flowloom_flow::Direction;
use proptest::prelude::*;

use super::packet::{Kind, Packet, probe, probe_stream};
use crate::testing::Script;
use crate::tls::{Carrier, Tls, TlsColumns};
use crate::{Findings, FoundBy, Match, Transport};

const TLS12: &str = include_str!("../tls/recordings/tls12.txt");
const CLIENT: [u8; 8] = *b"client-s";
const SERVER: [u8; 8] = *b"server-s";

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Makes the packets of both sides.
struct Maker {
    tag_len: usize,
    /// What keys and sessions begin with.
    key: u8,
    sessions: [[u8; 8]; 2],
    next: [u32; 2],
    replay: u32,
}

impl Maker {
    fn new(tag_len: usize) -> Self {
        Self { tag_len, key: 0, sessions: [CLIENT, SERVER], next: [0; 2], replay: 0 }
    }

    fn packet(
        &mut self,
        opcode: u8,
        from: Direction,
        acknowledged: &[u32],
        rest: &[u8],
    ) -> Vec<u8> {
        let mut packet = vec![opcode << 3 | self.key];
        packet.extend(self.sessions[from.index()]);
        if self.tag_len > 0 {
            self.replay += 1;
            packet.extend((0..self.tag_len).map(|at| 0x9b ^ at as u8));
            packet.extend(self.replay.to_be_bytes());
            packet.extend(0x6500_0000_u32.to_be_bytes());
        }
        packet.push(acknowledged.len() as u8);
        packet.extend(acknowledged.iter().flat_map(|number| number.to_be_bytes()));
        if !acknowledged.is_empty() {
            packet.extend(self.sessions[from.other().index()]);
        }
        if opcode != 5 {
            packet.extend(self.next[from.index()].to_be_bytes());
            self.next[from.index()] += 1;
        }
        packet.extend(rest);
        packet
    }

    /// Resets, the TLS conversation in packets of `size` bytes, an acknowledgement for each, data.
    fn session(&mut self, resets: [u8; 2], size: usize) -> Vec<(Direction, Vec<u8>)> {
        let mut packets = vec![
            (Direction::Up, self.packet(resets[0], Direction::Up, &[], &[])),
            (Direction::Down, self.packet(resets[1], Direction::Down, &[0], &[])),
        ];
        for line in TLS12.lines() {
            let (arrow, hex) = line.split_once(' ').unwrap();
            let from = if arrow == ">" { Direction::Up } else { Direction::Down };
            for bytes in bytes_of(hex).chunks(size) {
                let number = self.next[from.index()];
                packets.push((from, self.packet(4, from, &[], bytes)));
                packets.push((from.other(), self.packet(5, from.other(), &[number], &[])));
            }
        }
        packets.extend([Direction::Up, Direction::Down].map(|from| (from, vec![0x30; 60])));
        packets
    }
}

fn datagrams(packets: &[(Direction, Vec<u8>)], port: u16) -> Script {
    let mut script = Script::new(Transport::Udp, [50_000, port]);
    for (from, packet) in packets {
        script.say(*from, packet);
    }
    script
}

fn framed(packet: &[u8]) -> Vec<u8> {
    [&(packet.len() as u16).to_be_bytes(), packet].concat()
}

fn application(findings: &Findings) -> Option<(&str, FoundBy)> {
    findings.applications.first().map(|found| (found.protocol.name(), found.by))
}

fn assert_tls(findings: &Findings, what: &str) {
    assert_eq!(application(findings), Some(("openvpn", FoundBy::Content)), "{what}");
    let columns = TlsColumns::of(Some(findings));
    assert_eq!(columns.tls_sni, Some("weaver.example"), "{what}");
    assert_eq!(columns.tls_version.as_deref(), Some("TLS 1.2"), "{what}");
    assert!(columns.tls_ja4.is_some_and(|ja4| ja4.starts_with("t12d")), "{what}");
    let tls = findings.tls.as_deref().unwrap();
    assert_eq!((tls.carrier, tls.client_hellos.len()), (Carrier::Tcp, 1), "{what}");
    assert_eq!((tls.server_hellos.len(), tls.certificates.len()), (1, CERTIFICATES), "{what}");
    assert!(tls.protected.iter().all(Option::is_some), "{what}");
}

#[test]
fn the_handshake_is_read_with_and_without_tags() {
    for tag_len in [0, 16, 20, 28, 32, 48, 64] {
        for size in [1_200, 100, 1] {
            let packets = Maker::new(tag_len).session([7, 8], size);
            let what = format!("tag of {tag_len}, packets of {size}");
            assert_tls(datagrams(&packets, 9).end(), &what);

            let mut script = Script::new(Transport::Tcp, [50_000, 9]);
            for (from, packet) in &packets {
                script.say(*from, &framed(packet));
            }
            assert_tls(script.end(), &what);
        }
    }
}

#[test]
fn lengths_and_packets_may_be_cut_anywhere_in_a_stream() {
    let packets = Maker::new(20).session([7, 8], 300);
    for size in [1, 2, 3, 7, 64] {
        let mut script = Script::new(Transport::Tcp, [50_000, 9]);
        for (from, packet) in &packets {
            for segment in framed(packet).chunks(size) {
                script.say(*from, segment);
            }
        }
        assert_tls(script.end(), &format!("segments of {size}"));
    }
}

#[test]
fn packets_come_late_and_twice() {
    let mut packets = Maker::new(0).session([7, 8], 100);
    for at in (2..packets.len() - 8).step_by(7) {
        packets.swap(at, at + 4);
        packets.insert(at + 2, packets[at].clone());
    }
    assert_tls(datagrams(&packets, 9).end(), "out of order");
}

#[test]
fn a_hole_costs_what_is_in_it() {
    let mut packets = Maker::new(0).session([7, 8], 20);
    let is_server =
        |packet: &(Direction, Vec<u8>)| packet.0 == Direction::Down && packet.1[0] == 0x20;
    let lost = packets.iter().position(is_server).unwrap();
    packets.remove(lost);
    let mut script = datagrams(&packets, 9);
    let tls = script.end().tls.as_deref().unwrap();
    assert_eq!((tls.client_hellos.len(), tls.server_hellos.len()), (1, 0));
}

#[test]
fn a_stream_goes_on_after_lost_bytes() {
    let mut script = Script::new(Transport::Tcp, [50_000, 9]);
    let packets = Maker::new(0).session([7, 8], 2_000);
    for (at, (from, packet)) in packets.iter().enumerate() {
        // Of the acknowledgement for the ClientHello only the end is there.
        if at == 3 {
            script.lose(*from, 10).say(*from, &framed(packet)[10..]);
        } else {
            script.say(*from, &framed(packet));
        }
    }
    assert_tls(script.end(), "lost bytes");
}

#[test]
fn a_new_session_and_a_new_key_have_hellos_of_their_own() {
    let mut maker = Maker::new(0);
    // Nobody answers at first.
    let mut packets = vec![(Direction::Up, maker.packet(7, Direction::Up, &[], &[]))];
    maker = Maker { sessions: [*b"client-2", SERVER], ..Maker::new(0) };
    packets.extend(maker.session([7, 8], 500));
    maker = Maker { sessions: maker.sessions, key: 1, ..Maker::new(0) };
    packets.extend(maker.session([3, 3], 500));
    let mut script = datagrams(&packets, 9);
    let tls = script.end().tls.as_deref().unwrap();
    assert_eq!((tls.client_hellos.len(), tls.certificates.len()), (2, 2 * CERTIFICATES));
}

#[test]
fn what_is_encrypted_with_a_static_key_is_only_recognised() {
    let mut reset = vec![0x38];
    reset.extend(CLIENT);
    reset.extend([0, 0, 0, 1, 0x65, 0, 0, 0]);
    reset.extend([0xa7; 32 + 5]);
    assert_eq!(probe(&reset), Match::Yes);
    assert_eq!(probe(&reset[..53]), Match::Maybe);
    let mut answer = reset.clone();
    answer[0] = 0x40;
    assert_eq!(probe(&answer), Match::Maybe);
    answer.extend([0x3c; 12]);
    assert_eq!(probe(&answer), Match::Yes);
    // A question of DNS for a host of a name of six letters.
    answer[12] = 6;
    assert_eq!(probe(&answer), Match::Maybe);
    let wrapped = [&[0x50], &reset[1..], &[0xa7; 300]].concat();
    assert_eq!(probe(&wrapped), Match::Yes);
    assert_eq!(probe_stream(&framed(&wrapped)), Match::Yes);
    let mut packets = vec![(Direction::Up, reset.clone())];
    reset[0] = 0x20;
    packets.resize(100, (Direction::Up, reset));
    let mut script = datagrams(&packets, 9);
    assert!(script.conversation.is_over());
    let findings = script.end();
    assert_eq!(application(findings), Some(("openvpn", FoundBy::Content)));
    assert!(findings.tls.is_none());
}

#[test]
fn only_whole_resets_are_recognised_anywhere() {
    for tag_len in [0, 20, 64] {
        let reset = Maker::new(tag_len).packet(7, Direction::Up, &[], &[]);
        assert_eq!(probe(&reset), Match::Yes, "{tag_len}");
        let framed = framed(&reset);
        assert_eq!(probe_stream(&framed), Match::Yes, "{tag_len}");
        for len in 1..framed.len() {
            assert_eq!(probe_stream(&framed[..len]), Match::NeedMore, "{tag_len}, {len}");
        }
        for len in 0..reset.len() {
            let expected = if len < 14 { Match::No } else { Match::Maybe };
            assert_eq!(probe(&reset[..len]), expected, "{tag_len}, {len}");
        }
    }
    assert_eq!(probe(&[0x30; 60]), Match::Maybe);
    assert_eq!(probe(&[0xf8; 60]), Match::No);
    assert_eq!(probe_stream(&[0, 13, 0x38]), Match::No);
    assert_eq!(probe_stream(&[0xff]), Match::No);
    assert_eq!(probe_stream(&[0, 60, 0x30]), Match::Maybe);
}

#[test]
fn at_its_port_it_is_known_from_the_middle() {
    for (port, expected) in [(1194, Some(("openvpn", FoundBy::Content))), (50_001, None)] {
        let mut script = datagrams(&[(Direction::Up, vec![0x48; 90])], port);
        assert_eq!(application(script.end()), expected);
    }
}

#[test]
fn control_packets_are_read_field_by_field() {
    let mut maker = Maker { key: 3, ..Maker::new(32) };
    maker.next[1] = 7;
    let bytes = maker.packet(4, Direction::Down, &[5, 6], b"\x16\x03\x01");
    let packet = Packet::of(&bytes).unwrap();
    assert_eq!((packet.kind, packet.key, packet.tag_len()), (Kind::Control, 3, Some(32)));
    let control = packet.control(32).unwrap();
    assert_eq!((control.session, control.number), (SERVER, Some(7)));
    assert_eq!(control.bytes, b"\x16\x03\x01");
    let ack = maker.packet(5, Direction::Up, &[7], &[]);
    let packet = Packet::of(&ack).unwrap();
    assert_eq!((packet.kind, packet.tag_len()), (Kind::Ack, Some(32)));
    assert_eq!(packet.control(32).unwrap().number, None);
    for len in 0..ack.len() {
        assert!(Packet::of(&ack[..len]).is_none_or(|packet| packet.control(32).is_none()));
    }
    let none = maker.packet(5, Direction::Up, &[], &[]);
    assert!(Packet::of(&none).unwrap().control(32).is_none());
}

proptest! {
    #[test]
    fn damage_does_no_harm(
        is_tcp in any::<bool>(),
        size in 1_usize..400,
        tag_len in prop::sample::select(&[0_usize, 20][..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut packets = Maker::new(tag_len).session([7, 8], size);
        for (packet, at, byte) in damage {
            let (_, mut packet) = packet.get(&packets).clone();
            let at = at.index(packet.len());
            packet[at] = byte;
            packet.truncate(at + 1 + usize::from(byte));
            let place = cut.index(packets.len());
            packets[place].1 = packet;
        }
        let transport = if is_tcp { Transport::Tcp } else { Transport::Udp };
        let mut script = Script::new(transport, [50_000, 1194]);
        for (from, packet) in &packets {
            let packet = if is_tcp { framed(packet) } else { packet.clone() };
            script.say(*from, &packet);
        }
        let hellos = script.end().tls.as_deref().map_or(0, |tls: &Tls| tls.client_hellos.len());
        prop_assert!(hellos <= 16);
    }
}

/// In the recording.
const CERTIFICATES: usize = 1;
