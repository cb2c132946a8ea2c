//! Protocols of datagrams.

use super::{Named, be16, be32, contains, maybe_if, never, yes_if};
use crate::Match;

pub(super) const PROTOCOLS: &[Named] = &[
    row("cldap", &[389], |bytes| {
        yes_if(
            bytes.first() == Some(&0x30)
                && (contains(bytes, b"DnsDomain") || contains(bytes, b"NtVer")),
        )
    }),
    row("sflow", &[6343], |bytes| {
        let is_known = be32(bytes, 0) == Some(5) && matches!(be32(bytes, 4), Some(1 | 2));
        maybe_if(is_known && bytes.len() >= 28)
    }),
    row("netbios-dgm", &[138], |bytes| match bytes {
        [0x10..=0x16, 0..=15, ..] => maybe_if(bytes.len() >= 14 && be16(bytes, 8) == Some(138)),
        _ => Match::No,
    }),
    row("bacnet", &[47808], |bytes| match bytes {
        [0x81, 0..=12, ..] => yes_if(be16(bytes, 2) == Some(bytes.len()) && bytes.len() > 5),
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
