//! DNS, QUIC, DHCP, SSH, declared protocols, and what is of none.

use flowloom_flow::Direction;
use flowloom_protocols::Transport;

use crate::measure::Attack;
use crate::victim::Victim;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "dns-pointers", len: 1_200, play: dns_pointers },
    Attack { name: "dns-claims", len: 60_000, play: dns_claims },
    Attack { name: "dns-queries-without-answer", len: 60_000, play: dns_queries },
    Attack { name: "dns-aliases", len: 1_200, play: dns_aliases },
    Attack { name: "dns-long-texts", len: 150, play: dns_long_texts },
    Attack { name: "dns-tcp-short-messages", len: 60_000, play: dns_tcp },
    Attack { name: "dns-tcp-byte-by-byte", len: 150_000, play: dns_tcp_byte_by_byte },
    Attack { name: "quic-broken-initials", len: 10_000, play: quic_initials },
    Attack { name: "quic-connection-ids", len: 30_000, play: quic_ids },
    Attack { name: "quic-version-negotiations", len: 5_000, play: quic_versions },
    Attack { name: "dhcp-overload", len: 20_000, play: dhcp_overload },
    Attack { name: "dhcp-long-options", len: 300, play: dhcp_long_options },
    Attack { name: "dhcpv6-relays-in-relays", len: 4_000, play: dhcpv6_relays },
    Attack { name: "ssh-name-lists", len: 200, play: ssh_name_lists },
    Attack { name: "ssh-lines", len: 60_000, play: ssh_lines },
    Attack { name: "declared-parts", len: 200, play: declared_parts },
    Attack { name: "random-datagrams", len: 30_000, play: random_datagrams },
    Attack { name: "random-flows", len: 4_000, play: random_flows },
    Attack { name: "random-bytes-at-known-ports", len: 30_000, play: known_ports },
];

fn dns(flags: u16, counts: [u16; 4], rest: &[u8]) -> Vec<u8> {
    let header = [7, flags, counts[0], counts[1], counts[2], counts[3]];
    [&header.map(u16::to_be_bytes).concat()[..], rest].concat()
}

/// Each name hangs on the one before, by a pointer.
fn dns_pointers(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 53);
    let mut records = b"\x01a\0\0\x01\0\x01".to_vec();
    for _ in 0..4_000 {
        let before = 12 + records.len() as u16;
        let last = if records.len() < 8 { 12 } else { before - 14 };
        records.extend(b"\x01b");
        records.extend((0xc000 | last & 0x3fff).to_be_bytes());
        records.extend([0, 16, 0, 1, 0, 0, 0, 9, 0, 0]);
    }
    let message = dns(0x8180, [1, 4_000, 0, 0], &records);
    (0..len).for_each(|_| victim.down(&message));
}

fn dns_claims(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 53);
    let message = dns(0x8180, [1, 65_535, 65_535, 65_535], b"\x01a\0\0\x01\0\x01");
    (0..len).for_each(|_| victim.down(&message));
}

fn dns_queries(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 53);
    for i in 0..len {
        let mut message = dns(0x0100, [1, 0, 0, 0], b"\x04abcd\0\0\x01\0\x01");
        message[..2].copy_from_slice(&(i as u16).to_be_bytes());
        victim.up(&message);
    }
}

/// Answers whose aliases come in the wrong order.
fn dns_aliases(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 53);
    let mut records = b"\x01a\0\0\x01\0\x01".to_vec();
    for alias in (b'a'..=b'y').rev().cycle().take(250) {
        records.extend([1, alias, 0, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, alias + 1, 0]);
    }
    let message = dns(0x8180, [1, 250, 0, 0], &records);
    (0..len).for_each(|_| victim.down(&message));
}

fn dns_long_texts(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 53);
    victim.keep_many(65_536);
    let mut records = b"\x01a\0\0\x01\0\x01".to_vec();
    let text = [&[255][..], &[0xfe; 255]].concat();
    for _ in 0..250 {
        records.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 9, 1, 0]);
        records.extend(&text);
    }
    let message = dns(0x8180, [1, 250, 0, 0], &records);
    (0..len).for_each(|_| victim.down(&message));
}

fn dns_tcp(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 53);
    let message = dns(0x0100, [1, 0, 0, 0], b"\x01a\0\0\x01\0\x01");
    let framed = [&(message.len() as u16).to_be_bytes()[..], &message].concat().repeat(50);
    (0..len / 50).for_each(|_| victim.up(&framed));
}

fn dns_tcp_byte_by_byte(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 53);
    let message = dns(0x0100, [1, 0, 0, 1], b"\x01a\0\0\x01\0\x01\0\0\x10\0\x01\0\0\0\0\xea\x60");
    let framed = [&60_032_u16.to_be_bytes()[..], &message, &vec![1; 60_000]].concat();
    (0..len).for_each(|i| victim.up(&[framed[i as usize % framed.len()]]));
}

/// A packet with a long header, an Initial if `kind` is `0xc3`, that nobody can open.
fn quic(kind: u8, version: u32, ids: [u64; 2]) -> Vec<u8> {
    let mut packet = vec![kind];
    packet.extend(version.to_be_bytes());
    for id in ids {
        packet.push(8);
        packet.extend(id.to_be_bytes());
    }
    packet.extend([0, 0x44, 0x90]);
    packet.resize(1_200, 0x5a);
    packet
}

fn quic_initials(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 443);
    for i in 0..len {
        victim.up(&quic(0xc3, [1, 0x6b33_43cf, 0xff00_001d, 0xff00_001b][i as usize % 4], [i, 9]));
    }
}

fn quic_ids(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 443);
    (0..len).for_each(|i| victim.up(&quic(0xe3, 1, [i, i])));
}

fn quic_versions(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 443);
    let mut packet = quic(0xc0, 0, [1, 2]);
    packet.truncate(23);
    (0..300_u32).for_each(|version| packet.extend(version.to_be_bytes()));
    victim.up(&quic(0xc3, 1, [1, 2]));
    (0..len).for_each(|_| victim.down(&packet));
}

fn dhcp(file: &[u8], options: &[u8]) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0];
    message.resize(108, 3);
    message.extend(file);
    message.resize(236, 0);
    message.extend([99, 130, 83, 99]);
    message.extend(options);
    message
}

/// Options that say that the file name holds options, which say so again.
fn dhcp_overload(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 67);
    let overload = [52, 1, 3];
    let message = dhcp(&overload.repeat(40), &[&[53, 1, 1][..], &overload.repeat(40)].concat());
    (0..len).for_each(|_| victim.up(&message));
}

/// Options in parts that come to 60,000 bytes, no UTF-8.
fn dhcp_long_options(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 67);
    victim.keep_many(65_536);
    let part = |code: u8| [&[code, 255][..], &[0xff; 255]].concat();
    let options = [12, 15, 60, 77, 56, 67, 61, 61, 82].map(part).concat().repeat(26);
    let message = dhcp(&[], &options);
    (0..len).for_each(|_| victim.up(&message));
}

fn dhcpv6_relays(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 547);
    let mut message = vec![1, 0, 0, 7];
    for _ in 0..300 {
        let inner = (message.len() as u16).to_be_bytes();
        message = [&[12, 0][..], &[0xfd; 32], &[0, 9], &inner, &message].concat();
    }
    (0..len).for_each(|_| victim.up(&message));
}

fn ssh_name_lists(len: u64, victim: &mut Victim) {
    let names = "a,".repeat(10_000).into_bytes();
    let list = [&(names.len() as u32).to_be_bytes()[..], &names].concat();
    let body = [&[20][..], &[0; 16], &list.repeat(10), &[0; 5]].concat();
    let len_of = body.len() as u32 + 5;
    let packet = [&len_of.to_be_bytes()[..], &[4], &body, &[0; 4]].concat();
    for _ in 0..len {
        victim.flow(Transport::Tcp, 22);
        victim.up(b"SSH-2.0-a\r\n");
        victim.down(b"SSH-2.0-b\r\n");
        packet.chunks(1_400).for_each(|part| victim.up(part));
        packet.chunks(1_400).for_each(|part| victim.down(part));
    }
}

fn ssh_lines(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Tcp, 22);
    (0..len).for_each(|_| victim.down(b"welcome\r\n"));
}

/// Many small parts of what is declared: attributes, options and values.
fn declared_parts(len: u64, victim: &mut Victim) {
    // RADIUS, STUN, SNMP and BitTorrent, with parts as short as they can be.
    let radius = [&[1, 1, 16, 0][..], &[0; 16], &[1, 2].repeat(2_038)].concat();
    let stun = [&[0, 1, 16, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12], &[0, 6, 0, 0].repeat(1_024)];
    let stun = stun.concat();
    let snmp = [&[0x30, 0x82, 16, 0, 2, 1, 1, 4, 0][..], &[0x30, 0].repeat(2_000)].concat();
    let mqtt = [&[0x10, 0x80, 0x20, 0, 4][..], b"MQTT\x05\x02\0\0", &[0; 4_000]].concat();
    for _ in 0..len {
        for (port, message) in [(1812, &radius), (3478, &stun), (161, &snmp)] {
            victim.flow(Transport::Udp, port);
            (0..40).for_each(|_| victim.up(message));
        }
        victim.flow(Transport::Tcp, 1883);
        victim.drip(Direction::Up, &mqtt);
    }
}

fn random_datagrams(len: u64, victim: &mut Victim) {
    victim.flow(Transport::Udp, 53);
    let mut random = Random(1);
    for i in 0..len {
        if i % 60 == 0 {
            // Somebody has to be listening.
            victim.up(&dns(0x0100, [1, 0, 0, 0], b"\x01a\0\0\x01\0\x01"));
        }
        victim.up(&random.bytes(300));
    }
}

fn random_flows(len: u64, victim: &mut Victim) {
    let mut random = Random(2);
    for i in 0..len {
        let transport = if i % 2 == 0 { Transport::Udp } else { Transport::Tcp };
        victim.flow(transport, random.next() as u16);
        victim.up(&random.bytes(300));
        victim.down(&random.bytes(300));
    }
}

/// Bytes that may be anything, behind one that is how something begins.
fn known_ports(len: u64, victim: &mut Victim) {
    let mut random = Random(3);
    let ports = [53, 67, 123, 137, 161, 443, 500, 514, 546, 1812, 1900, 3478, 5060, 5353, 5355];
    for i in 0..len {
        if i % 8 == 0 {
            victim.flow(Transport::Udp, ports[i as usize / 8 % ports.len()]);
        }
        let mut bytes = random.bytes(200);
        bytes[0] &= 0x1f;
        bytes[1] &= 3;
        victim.up(&bytes);
    }
}

/// Numbers that look like chance and are the same each time (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        for shift in [13, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        self.0
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 8) as u8).collect()
    }
}
