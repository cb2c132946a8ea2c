//! Protocols of bytes over TCP, some of them over UDP too.

use super::{Named, be16, be32, contains, le32, maybe_if, never, starts, yes_if};
use crate::Match;

pub(super) const PROTOCOLS: &[Named] = &[
    row("smb", &[445, 139], smb),
    row("netbios-ssn", &[139], netbios_session),
    Named {
        name: "kerberos",
        tcp: &[88],
        udp: &[88],
        stream: |bytes| match be32(bytes, 0) {
            Some(len) if len + 4 >= bytes.len() => kerberos(&bytes[4..]),
            None if b"\0\0".starts_with(&bytes[..bytes.len().min(2)]) => Match::NeedMore,
            // Some send it without.
            Some(_) | None => kerberos(bytes),
        },
        datagram: kerberos,
    },
    row("bgp", &[179], bgp),
    row("telnet", &[23, 2323], telnet),
    row("amqp", &[5672], |bytes| {
        starts(bytes, &[b"AMQP\x00", b"AMQP\x01", b"AMQP\x02", b"AMQP\x03"])
    }),
    row("kafka", &[9092], kafka),
    row("mongodb", &[27017], mongodb),
    row("cassandra", &[9042], cassandra),
    row("rtmp", &[1935], rtmp),
    Named { name: "dcerpc", tcp: &[135], udp: &[135], stream: dcerpc, datagram: dcerpc_datagram },
    row("teamviewer", &[5938], |bytes| {
        maybe_if(matches!(bytes, [0x17, 0x24, _, ..] | [0, 0x17, 0x24, ..]))
    }),
    row("tds", &[1433], tds),
    row("tns", &[1521], tns),
    row("x11", &[6000, 6001, 6010], x11),
    Named {
        name: "sunrpc",
        tcp: &[111, 2049],
        udp: &[111, 2049],
        stream: |bytes| match be32(bytes, 0) {
            // Above the length, a bit that marks the last fragment (RFC 5531, section 11).
            Some(mark) if mark >> 31 == 1 => sun_rpc(bytes.get(4..).unwrap_or_default()),
            _ => Match::No,
        },
        datagram: sun_rpc,
    },
    row("dnp3", &[20000], |bytes| match bytes {
        [5, 0x64, 5..=255, control, ..] if bytes.len() >= 10 => {
            yes_if(matches!(control & 0x0f, 0..=4 | 9 | 11))
        }
        _ => Match::No,
    }),
    row("s7comm", &[102], |bytes| match bytes {
        [3, 0, _, _, 2, 0xf0, 0x80, 0x32, ..] => Match::Yes,
        // A connection request or confirmation of class 0.
        [3, 0, a, b, _, 0xd0 | 0xe0, ..] => {
            maybe_if(usize::from(u16::from_be_bytes([*a, *b])) == bytes.len())
        }
        _ => Match::No,
    }),
    row("iec104", &[2404], |bytes| match bytes {
        // STARTDT, STOPDT and TESTFR, asked for and confirmed.
        [0x68, 4, 0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83, 0, 0, 0, ..] => Match::Yes,
        [0x68, 4..=253, ..] => Match::Maybe,
        _ => Match::No,
    }),
    row("pptp", &[1723], |bytes| match bytes {
        [_, _, 0, 1, 0x1a, rest @ ..] => goes_on(rest, &[0x2b, 0x3c, 0x4d]),
        _ => Match::No,
    }),
    row("diameter", &[3868], diameter),
    row("tacacs", &[49], |bytes| match bytes {
        [0xc0 | 0xc1, 1..=3, _, 0 | 1 | 4 | 5, ..] => {
            maybe_if(be32(bytes, 8).is_some_and(|len| len.saturating_add(12) == bytes.len()))
        }
        _ => Match::No,
    }),
    Named { name: "enip", tcp: &[44818], udp: &[44818], stream: enip, datagram: enip },
    row("zmtp", &[], |bytes| yes_if(matches!(bytes, [0xff, 0, 0, 0, 0, 0, 0, 0, 0 | 1, 0x7f, ..]))),
];

const fn row(name: &'static str, tcp: &'static [u16], stream: fn(&[u8]) -> Match) -> Named {
    Named { name, tcp, udp: &[], stream, datagram: never }
}

/// Whether a mark goes on as it should; a segment may have ended in it.
fn goes_on(bytes: &[u8], mark: &[u8]) -> Match {
    if mark.starts_with(bytes) && bytes.len() < mark.len() {
        return Match::NeedMore;
    }
    yes_if(bytes.starts_with(mark))
}

/// A message of SMB 1 to 3, encrypted or compressed, in a session message of `NetBIOS` (MS-SMB2, 2.1).
fn smb(bytes: &[u8]) -> Match {
    match bytes {
        [0, _, _, _, 0xfc..=0xff, rest @ ..] => goes_on(rest, b"SMB"),
        [0] | [0, 0 | 1] | [0, 0 | 1, _] | [0, 0 | 1, _, _] => Match::NeedMore,
        _ => Match::No,
    }
}

/// A request for a session between two encoded names (RFC 1002, section 4.3.2).
fn netbios_session(bytes: &[u8]) -> Match {
    match bytes {
        [0x81, 0, 0, 0x44, 0x20, ..] => Match::Yes,
        [0x82, 0, 0, 0] | [0x83, 0, 0, 1, _] => Match::Maybe,
        _ => Match::No,
    }
}

/// The tag of a message, and within it the version and the same number as its type (RFC 4120,
/// section 5.4).
fn kerberos(bytes: &[u8]) -> Match {
    let Some(kind) = bytes.first().and_then(|tag| tag.checked_sub(0x60)) else { return Match::No };
    let head = bytes.get(..HEAD_LEN).unwrap_or(bytes);
    // The version is field 0 of tickets and errors, and 1 of requests.
    let has = |field: u8| contains(head, &[field, 3, 2, 1, 5, field + 1, 3, 2, 1, kind]);
    yes_if(matches!(kind, 10..=15 | 20..=22 | 30) && (has(0xa0) || has(0xa1)))
}

/// A mark of sixteen ones, a length and a type (RFC 4271, section 4.1).
fn bgp(bytes: &[u8]) -> Match {
    let (mark, rest) = bytes.split_at(bytes.len().min(16));
    if mark.iter().any(|byte| *byte != 0xff) {
        return Match::No;
    }
    match (rest, be16(rest, 0)) {
        ([_, _, 1..=5, ..], Some(19..=4096)) => Match::Yes,
        ([_, _, _, ..], _) => Match::No,
        _ => Match::NeedMore,
    }
}

/// Options that are asked for or refused (RFC 854): one could be chance.
fn telnet(bytes: &[u8]) -> Match {
    let is_option = |bytes: &[u8]| matches!(bytes, [0xff, 0xfb..=0xfe, 0..=49, ..]);
    match (is_option(bytes), bytes.get(3..)) {
        (true, Some(rest)) if is_option(rest) => Match::Yes,
        (true, _) => Match::Maybe,
        (false, _) => Match::No,
    }
}

/// A request: length, one of the kinds there are, its version, a number, the client's name.
fn kafka(bytes: &[u8]) -> Match {
    let [a, b, c, d, 0, 0..=92, 0, 0..=20, ..] = bytes else { return Match::No };
    let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    let name = be16(bytes, 12).and_then(|len| bytes.get(14..14 + len));
    let is_name = name.is_some_and(|name| name.iter().all(u8::is_ascii_graphic));
    maybe_if(len + 4 == bytes.len() && is_name)
}

/// A header of four numbers: length, id, the id answered, and kind.
fn mongodb(bytes: &[u8]) -> Match {
    let kinds = [1, 2001, 2002, 2004, 2005, 2006, 2007, 2010, 2011, 2012, 2013];
    let is_kind = le32(bytes, 12).is_some_and(|kind| kinds.contains(&kind));
    let len = le32(bytes, 0);
    match is_kind && len.is_some_and(|len| len >= bytes.len() && len < 48 << 20) {
        true if len == Some(bytes.len()) => Match::Yes,
        true => Match::Maybe,
        false => Match::No,
    }
}

/// Before anything else a client asks for the options there are, or starts up with the version of
/// the language.
fn cassandra(bytes: &[u8]) -> Match {
    match bytes {
        [3..=5, 0 | 0x10, _, _, 5, 0, 0, 0, 0] => Match::Yes,
        [3..=5, _, _, _, 1, 0, 0, ..] => yes_if(contains(bytes, b"CQL_VERSION")),
        _ => Match::No,
    }
}

/// Version 3, a time, and four zeros before 1,528 random bytes; Flash players have a version there.
fn rtmp(bytes: &[u8]) -> Match {
    match bytes {
        [3, _, _, _, _, 0, 0, 0, 0, ..] if bytes.len() == 1_537 => Match::Yes,
        [3, _, _, _, _, _, _, _, _, ..] if bytes.len() >= 500 => Match::Maybe,
        _ => Match::No,
    }
}

/// Version 4, a kind, flags and the representation of numbers; at its place in the header of 80 bytes
/// the length of what follows, which an authenticator may lengthen.
fn dcerpc_datagram(bytes: &[u8]) -> Match {
    let [4, 0..=19, _, _, order @ (0x10 | 0), 0, 0, ..] = bytes else { return Match::No };
    let Some([a, b]) = bytes.get(74..76) else { return Match::No };
    let len = match order {
        0x10 => u16::from_le_bytes([*a, *b]),
        _ => u16::from_be_bytes([*a, *b]),
    };
    match bytes.len().checked_sub(80) {
        Some(rest) if rest == usize::from(len) && rest > 0 => Match::Yes,
        Some(_) => Match::Maybe,
        None => Match::No,
    }
}

/// Version 5.0, a kind, flags, the representation of numbers, and the length.
fn dcerpc(bytes: &[u8]) -> Match {
    match bytes {
        [5, 0 | 1, kind @ 0..=19, _, 0x10 | 0, 0, 0, 0, a, b, ..] => {
            let len = usize::from(match bytes.get(4) {
                Some(0x10) => u16::from_le_bytes([*a, *b]),
                _ => u16::from_be_bytes([*a, *b]),
            });
            let is_bind = matches!(kind, 11 | 12);
            yes_if(len == bytes.len() || is_bind && (24..=8 << 10).contains(&len))
        }
        [5] | [5, 0] | [5, 0, 11] | [5, 0, 11, 3] => Match::NeedMore,
        _ => Match::No,
    }
}

/// A pre-login packet: its length, then options, the first of which is the version (MS-TDS, 2.2.6.5).
fn tds(bytes: &[u8]) -> Match {
    match bytes {
        [0x12, 1, a, b, 0, 0, _, 0, 0, 0, ..] => {
            yes_if(usize::from(u16::from_be_bytes([*a, *b])) == bytes.len())
        }
        _ => Match::No,
    }
}

/// A connect packet has its length, and says in brackets with what.
fn tns(bytes: &[u8]) -> Match {
    match bytes {
        [_, _, 0, 0, 1, _, 0, 0, 1, ..] if be16(bytes, 0) == Some(bytes.len()) => {
            yes_if(contains(bytes, b"(DESCRIPTION") || contains(bytes, b"(CONNECT_DATA"))
        }
        [_, _, 0, 0, 2 | 4 | 5 | 11, _, 0, 0, ..] => maybe_if(be16(bytes, 0) == Some(bytes.len())),
        _ => Match::No,
    }
}

/// The order of bytes, version 11.0, and the lengths of what gives access.
fn x11(bytes: &[u8]) -> Match {
    match bytes {
        [b'l', 0, 11, 0, 0, 0, _, 0, _, 0, 0, 0, ..]
        | [b'B', 0, 0, 11, 0, 0, 0, _, 0, _, 0, 0, ..] => Match::Yes,
        _ => Match::No,
    }
}

/// A call of version 2 to one of the programs there are (RFC 5531, section 9).
fn sun_rpc(bytes: &[u8]) -> Match {
    let is_call = be32(bytes, 4) == Some(0) && be32(bytes, 8) == Some(2);
    let is_program = be32(bytes, 12).is_some_and(|program| (100_000..101_000).contains(&program));
    let is_version = be32(bytes, 16).is_some_and(|version| version < 10);
    yes_if(is_call && is_program && is_version)
}

/// One of the commands there are, the length of its data, and 0 or a session; certain where a
/// session is asked for.
fn enip(bytes: &[u8]) -> Match {
    match bytes {
        [0x65, 0, 4, 0, 0, 0, 0, 0, ..] if bytes.len() == 28 => Match::Yes,
        [0 | 4 | 0x63..=0x66 | 0x6f | 0x70 | 0x72 | 0x73, 0, a, b, rest @ ..] => {
            let len = usize::from(u16::from_le_bytes([*a, *b]));
            maybe_if(len + 24 == bytes.len() && rest.get(4..8) == Some(&[0; 4]))
        }
        _ => Match::No,
    }
}

/// Version 1, a length, and the exchange of capabilities, or a watchdog (RFC 6733, section 3).
fn diameter(bytes: &[u8]) -> Match {
    match bytes {
        [1, a, b, c, _, 0, 1, command @ (1 | 24), 0, 0, 0, 0, ..] => {
            let len = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            yes_if(
                len.is_multiple_of(4)
                    && (len == bytes.len() || *command == 1 && len > 20 && len < 4096),
            )
        }
        _ => Match::No,
    }
}

/// Bytes of a Kerberos message in which its version and type are looked for.
const HEAD_LEN: usize = 32;
