//! What each protocol begins with, and that nothing else is taken for it.

use flowloom_flow::Direction;
use proptest::prelude::*;

use super::{NAMED, Named};
use crate::{Match, Opening, Protocol, Registry, Transport};

fn named() -> impl Iterator<Item = &'static Named> {
    NAMED.iter().flat_map(|table| table.iter())
}

/// The protocols of this folder that say so of a beginning.
fn which(transport: Transport, bytes: &[u8], wanted: Match) -> Vec<&'static str> {
    let opening =
        Opening { transport, direction: Direction::Up, bytes, len: bytes.len(), ports: [1, 2] };
    named()
        .filter(|named| super::NamedProtocol(named).probe(&opening) == wanted)
        .map(|named| named.name)
        .collect()
}

#[test]
fn what_is_certain_is_one_protocols_alone() {
    for (name, transport, bytes) in CERTAIN {
        assert_eq!(which(*transport, bytes, Match::Yes), [*name], "{name}");
    }
}

#[test]
fn what_is_likely_is_believed_at_the_port() {
    for (name, transport, bytes) in LIKELY {
        assert!(which(*transport, bytes, Match::Yes).is_empty(), "{name}");
        assert!(which(*transport, bytes, Match::Maybe).contains(name), "{name}");
    }
}

#[test]
fn every_protocol_has_a_beginning_here() {
    for named in named() {
        let is_tried = CERTAIN.iter().chain(LIKELY).any(|(name, ..)| *name == named.name);
        assert!(is_tried, "{}", named.name);
    }
}

#[test]
fn a_cut_beginning_is_never_another_protocols() {
    for (name, transport, bytes) in CERTAIN {
        for len in 0..bytes.len() {
            let found = which(*transport, &bytes[..len], Match::Yes);
            assert!(found.iter().all(|found| found == name), "{name}, {len} bytes: {found:?}");
        }
    }
}

#[test]
fn a_beginning_that_was_cut_in_its_mark_waits_for_the_rest() {
    let cut = CERTAIN.iter().filter(|(name, ..)| matches!(*name, "smb" | "pptp"));
    for (name, transport, bytes) in cut {
        for len in 5..8 {
            let waiting = which(*transport, &bytes[..len], Match::NeedMore);
            assert!(waiting.contains(name), "{name}, {len} bytes: {waiting:?}");
        }
    }
}

#[test]
fn names_are_given_once() {
    let registry = Registry::new();
    let mut names: Vec<_> = registry.all().iter().map(|protocol| protocol.name()).collect();
    names.sort_unstable();
    let len = names.len();
    names.dedup();
    assert_eq!(names.len(), len);
}

proptest! {
    #[test]
    fn chance_makes_none(bytes in prop::collection::vec(any::<u8>(), 8..200)) {
        for transport in [Transport::Tcp, Transport::Udp] {
            prop_assert!(which(transport, &bytes, Match::Yes).is_empty());
        }
    }
}

const TCP: Transport = Transport::Tcp;
const UDP: Transport = Transport::Udp;

const CERTAIN: &[(&str, Transport, &[u8])] = &[
    ("vnc", TCP, b"RFB 003.008\n"),
    ("rtsp", TCP, b"OPTIONS rtsp://camera.example/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
    ("rtsp", TCP, b"RTSP/1.0 200 OK\r\n"),
    ("rsync", TCP, b"@RSYNCD: 31.0\n"),
    ("git", TCP, b"0033git-upload-pack /project.git\0host=git.example\0"),
    ("redis", TCP, b"*1\r\n$4\r\nPING\r\n"),
    ("memcached", TCP, b"VERSION 1.6.18\r\n"),
    ("nats", TCP, b"INFO {\"server_id\":\"a\"}\r\n"),
    ("zabbix", TCP, b"ZBXD\x01\x02\0\0\0\0\0\0\0{}"),
    ("smb", TCP, b"\0\0\0\x54\xfeSMB\x40\0"),
    ("netbios-ssn", TCP, b"\x81\0\0\x44\x20FDEDFE"),
    ("kerberos", UDP, b"\x6a\x81\xb4\x30\x81\xb1\xa1\x03\x02\x01\x05\xa2\x03\x02\x01\x0a\xa4"),
    ("kerberos", TCP, b"\0\0\0\x80\x7e\x7e\x30\x7c\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4"),
    (
        "bgp",
        TCP,
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x1d\x01\x04\xfd\xe8\
          \0\xb4\x0a\0\0\x01\0",
    ),
    ("telnet", TCP, b"\xff\xfd\x18\xff\xfd\x20"),
    ("amqp", TCP, b"AMQP\0\0\x09\x01"),
    ("mongodb", TCP, b"\x14\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0"),
    ("cassandra", TCP, b"\x04\0\0\0\x05\0\0\0\0"),
    ("cassandra", TCP, b"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0bCQL_VERSION\0\x053.0.0"),
    ("dcerpc", TCP, b"\x05\0\x0b\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0\xd0\x16\xd0\x16"),
    (
        "dcerpc",
        UDP,
        b"\x04\0\x28\0\x10\0\0\0object__________interface_______activity________\
          \0\0\0\0\x01\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\x02\0\0\0\0\0hi",
    ),
    ("tds", TCP, b"\x12\x01\0\x14\0\0\0\0\0\0\x06\0\x01\xff\0\0\0\0\0\0"),
    ("tns", TCP, b"\0\x1a\0\0\x01\0\0\0\x01\x3a\x01\x2c\0(DESCRIPTION="),
    ("x11", TCP, b"l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT"),
    (
        "sunrpc",
        UDP,
        b"\0\0\0\x07\0\0\0\0\0\0\0\x02\0\x01\x86\xa0\0\0\0\x02\0\0\0\x03\0\0\0\0\0\0\0\0",
    ),
    (
        "sunrpc",
        TCP,
        b"\x80\0\0\x20\0\0\0\x07\0\0\0\0\0\0\0\x02\0\x01\x86\xa3\0\0\0\x04\0\0\0\0\0\0\0\0",
    ),
    ("dnp3", TCP, b"\x05\x64\x05\xc0\x01\0\0\x04\xe9\x21"),
    ("s7comm", TCP, b"\x03\0\0\x19\x02\xf0\x80\x32\x01\0\0"),
    ("iec104", TCP, b"\x68\x04\x07\0\0\0"),
    ("pptp", TCP, b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x01"),
    ("diameter", TCP, b"\x01\0\0\x14\x80\0\x01\x18\0\0\0\0\0\0\0\x01\0\0\0\x02"),
    ("enip", TCP, b"\x65\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0"),
    ("zmtp", TCP, b"\xff\0\0\0\0\0\0\0\x01\x7f\x03"),
    ("cldap", UDP, b"\x30\x84\0\0\0\x2a\x02\x01\x01\x63\x84DnsDomain"),
    ("bacnet", UDP, b"\x81\x0b\0\x08\x01\x20\xff\xff"),
    ("dropbox-lsp", UDP, b"{\"host_int\": 1}"),
    ("wol", UDP, &[0xff; 102]),
];

const LIKELY: &[(&str, Transport, &[u8])] = &[
    ("memcached", TCP, b"get key\r\n"),
    ("kafka", TCP, b"\0\0\0\x0d\0\x12\0\x03\0\0\0\x01\0\x03abc"),
    ("rtmp", TCP, &[3; 600]),
    ("teamviewer", TCP, b"\x17\x24\x0a\x20"),
    ("tacacs", TCP, b"\xc0\x01\x01\0\0\0\0\x01\0\0\0\x02ab"),
    ("sflow", UDP, b"\0\0\0\x05\0\0\0\x01\x0a\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0\x01"),
    ("netbios-dgm", UDP, b"\x11\x0a\x12\x34\x0a\0\0\x01\0\x8a\0\xbb\0\0"),
    ("rip", UDP, &[2; 24]),
    ("hsrp", UDP, &[0; 20]),
    ("telnet", TCP, b"\xff\xfb\x01"),
];
