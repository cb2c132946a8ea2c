//! Protocols of datagrams.

use super::{Named, be16, be32, contains, maybe_if, never, yes_if};
use crate::Match;

pub(super) const PROTOCOLS: &[Named] = &[
    row("tftp", &[69], tftp),
    row("ike", &[500, 4500], |bytes| match bytes {
        // Over port 4500 four zeros tell it from ESP (RFC 3948, section 2.2).
        [0, 0, 0, 0, rest @ ..] => ike(rest),
        _ => ike(bytes),
    }),
    row("cldap", &[389], |bytes| {
        yes_if(
            bytes.first() == Some(&0x30)
                && (contains(bytes, b"DnsDomain") || contains(bytes, b"NtVer")),
        )
    }),
    row("netflow", &[2055, 9995, 9996], netflow),
    row("ipfix", &[4739], |bytes| {
        let is_whole = be16(bytes, 0) == Some(10) && be16(bytes, 2) == Some(bytes.len());
        yes_if(is_whole && matches!(be16(bytes, 16), Some(2 | 3 | 256..)) && fits(bytes, 18))
    }),
    row("sflow", &[6343], |bytes| {
        let is_known = be32(bytes, 0) == Some(5) && matches!(be32(bytes, 4), Some(1 | 2));
        maybe_if(is_known && bytes.len() >= 28)
    }),
    row("coap", &[5683], |bytes| match bytes {
        // Version 1, a token of up to 8 bytes, a method or an answer (RFC 7252, section 3).
        [0x40..=0x7f, 0..=7 | 0x40..=0x45 | 0x80..=0x8f | 0xa0..=0xa5, _, _, ..] => {
            maybe_if(bytes[0] & 15 <= 8)
        }
        _ => Match::No,
    }),
    row("netbios-dgm", &[138], |bytes| match bytes {
        [0x10..=0x16, 0..=15, ..] => maybe_if(bytes.len() >= 14 && be16(bytes, 8) == Some(138)),
        _ => Match::No,
    }),
    row("bacnet", &[47808], |bytes| match bytes {
        [0x81, 0..=12, ..] => yes_if(be16(bytes, 2) == Some(bytes.len()) && bytes.len() > 5),
        _ => Match::No,
    }),
    row("l2tp", &[1701], |bytes| match bytes {
        // A control message of version 2 begins with its type (RFC 2661, sections 3.1 and 4.4).
        [0xc8, 2, a, b, ..] if usize::from(u16::from_be_bytes([*a, *b])) == bytes.len() => {
            yes_if(bytes.len() == 12 || matches!(bytes.get(12..18), Some([0x80, 8, 0, 0, 0, 0])))
        }
        [_, 2, ..] => Match::Maybe,
        _ => Match::No,
    }),
    row("rip", &[520], |bytes| match bytes {
        [1 | 2, 1 | 2, _, _, ..] => maybe_if(bytes.len() % 20 == 4 && bytes.len() <= 504),
        _ => Match::No,
    }),
    row("hsrp", &[1985], |bytes| maybe_if(matches!(bytes, [0, 0..=2, ..] if bytes.len() >= 20))),
    row("dropbox-lsp", &[17500], |bytes| yes_if(bytes.starts_with(b"{\"host_int\":"))),
    row("wol", &[7, 9], |bytes| match bytes {
        // Six ones, and sixteen times an address.
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, rest @ ..] if rest.len() >= 96 => {
            yes_if(rest[..96].chunks(6).all(|address| address == &rest[..6]))
        }
        _ => Match::No,
    }),
];

const fn row(name: &'static str, udp: &'static [u16], datagram: fn(&[u8]) -> Match) -> Named {
    Named { name, tcp: &[], udp, stream: never, datagram }
}

/// A request to read or write a file in one of three modes (RFC 1350, section 5); what follows are
/// data and their acknowledgements, from other ports.
fn tftp(bytes: &[u8]) -> Match {
    let [0, 1 | 2, rest @ ..] = bytes else { return Match::No };
    let mut texts = rest.split(|byte| *byte == 0);
    let name = texts.next().unwrap_or_default();
    let mode = texts.next().unwrap_or_default().to_ascii_lowercase();
    let is_mode = matches!(&mode[..], b"octet" | b"netascii" | b"mail");
    yes_if(!name.is_empty() && is_mode && bytes.last() == Some(&0))
}

/// Cookies or SPIs, of which the first is not zero, version 1.0 or 2.0, and the length (RFC 7296,
/// section 3.1).
fn ike(bytes: &[u8]) -> Match {
    match bytes.get(16..20) {
        Some([0..=53 | 128..=140, 0x10 | 0x20, _, _]) => {
            yes_if(be32(bytes, 24) == Some(bytes.len()) && bytes[..8] != [0; 8])
        }
        _ => Match::No,
    }
}

/// Versions 5 and 7 have records of 48 and 52 bytes, version 9 sets of templates or data (RFC 3954, section 5).
fn netflow(bytes: &[u8]) -> Match {
    match (be16(bytes, 0), be16(bytes, 2)) {
        (Some(5), Some(count @ 1..=30)) => yes_if(bytes.len() == 24 + 48 * count),
        (Some(7), Some(count @ 1..=28)) => yes_if(bytes.len() == 24 + 52 * count),
        (Some(9), Some(1..)) => {
            maybe_if(matches!(be16(bytes, 20), Some(0 | 1 | 256..)) && fits(bytes, 22))
        }
        _ => Match::No,
    }
}

/// Whether the length of the set that has it here is within the datagram.
fn fits(bytes: &[u8], at: usize) -> bool {
    be16(bytes, at).is_some_and(|len| len >= 4 && at - 2 + len <= bytes.len())
}
