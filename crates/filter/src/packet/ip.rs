//! IPv4, IPv6, ARP and `DECnet` addresses, protocols above IP, and ports.

use std::ops::RangeInclusive;

use flowloom_wire::protocol;

use crate::parts::{Multicast, Network, Side, Transports, Versions, Within};

use super::bytes::{Bytes, Offset};
use super::headers::{
    Found, V4_PROTOCOL, V4_TYPE, V6_TYPE, chain, v4_transport, v6_chain, v6_transport,
};
use super::place::Place;

impl Place {
    /// `host`, `net`.
    pub(super) fn host(&self, bytes: Bytes<'_>, within: Within, side: Side, net: Network) -> bool {
        match net {
            Network::V4 { address, mask } => self.v4_host(bytes, within, side, address, mask),
            Network::V6 { address, mask } => {
                let is = |at: Offset| v6_address_is(bytes, at, address, mask);
                self.carries(bytes, V6_TYPE)
                    && side.matches(|| is(self.net + V6_SRC), || is(self.net + V6_DST))
            }
        }
    }

    /// An IPv4 address in an IPv4 header, or as the protocol address of an Ethernet ARP (RFC 826)
    /// or RARP message. Behind MPLS there is no ARP.
    fn v4_host(&self, bytes: Bytes<'_>, within: Within, side: Side, addr: u32, mask: u32) -> bool {
        let is = |at: Offset| {
            mask == 0 || bytes.u32(self.net + at).is_some_and(|found| found & mask == addr)
        };
        let (ip, arp, rarp) = match within {
            Within::Any => (true, true, true),
            Within::Ip => (true, false, false),
            Within::Arp => (false, true, false),
            Within::Rarp => (false, false, true),
        };
        (ip && self.carries(bytes, V4_TYPE) && side.matches(|| is(V4_SRC), || is(V4_DST)))
            || (((arp && self.carries(bytes, ARP_TYPE))
                || (rarp && self.carries(bytes, RARP_TYPE)))
                && side.matches(|| is(ARP_SENDER), || is(ARP_TARGET)))
    }

    /// `port`, `portrange`: of the first or only fragment.
    #[inline]
    pub(super) fn port(
        &self,
        bytes: Bytes<'_>,
        transports: Transports,
        side: Side,
        ports: RangeInclusive<u16>,
    ) -> bool {
        let is = |at: Offset| bytes.u16(at).is_some_and(|port| ports.contains(&port));
        let fits = |found: Option<Found>| {
            found.is_some_and(|Found { number, at, first }| {
                first && transports.has(number) && side.matches(|| is(at), || is(at + 2))
            })
        };
        (self.carries(bytes, V4_TYPE) && fits(v4_transport(bytes, self.net)))
            || (self.carries(bytes, V6_TYPE) && fits(v6_transport(bytes, self.net)))
    }

    /// `ip proto`, `ip6 proto`, `proto`: in IPv6 any header of the chain.
    pub(super) fn ip_proto(&self, bytes: Bytes<'_>, versions: Versions, number: u32) -> bool {
        let in_v4 = || {
            let found = bytes.u8(self.net + V4_PROTOCOL);
            self.carries(bytes, V4_TYPE) && found.is_some_and(|found| u32::from(found) == number)
        };
        (versions.has_v4() && in_v4()) || (versions.has_v6() && self.in_v6_chain(bytes, number))
    }

    /// `protochain`: in IPv4 behind authentication headers as well.
    pub(super) fn ip_proto_chain(&self, bytes: Bytes<'_>, versions: Versions, number: u32) -> bool {
        let in_v4 = || {
            self.carries(bytes, V4_TYPE)
                && v4_transport(bytes, self.net).is_some_and(|found| {
                    chain(bytes, found, |n| n == protocol::AH)
                        .any(|next| u32::from(next.number) == number)
                })
        };
        (versions.has_v4() && in_v4()) || (versions.has_v6() && self.in_v6_chain(bytes, number))
    }

    fn in_v6_chain(&self, bytes: Bytes<'_>, number: u32) -> bool {
        self.carries(bytes, V6_TYPE)
            && v6_chain(bytes, self.net).any(|header| u32::from(header.number) == number)
    }

    /// `ip multicast`, `ip6 multicast`; the link layer's is elsewhere.
    pub(super) fn ip_multicast(&self, bytes: Bytes<'_>, of: Multicast) -> bool {
        let (kind, at, lowest) = match of {
            Multicast::Link => return false,
            Multicast::Ip => (V4_TYPE, V4_DST, 224),
            Multicast::Ip6 => (V6_TYPE, V6_DST, 255),
        };
        self.carries(bytes, kind) && bytes.u8(self.net + at).is_some_and(|first| first >= lowest)
    }

    /// `decnet host`: routing headers of phase IV, short and long, with a byte of padding before
    /// them or not. Numbers in these headers are little-endian.
    pub(super) fn decnet(&self, bytes: Bytes<'_>, side: Side, address: u16) -> bool {
        if !self.carries(bytes, DECNET_TYPE) {
            return false;
        }
        // Two bytes of length come first.
        let flags = self.net + 2;
        let is = |short: Offset, long: Offset| {
            let address_at = |at: Offset| bytes.u16(at).is_some_and(|a| a.swap_bytes() == address);
            let Some(first) = bytes.u8(flags) else { return false };
            let padded = bytes.u16(flags).map(|word| word & 0xff07);
            (first & 7 == 2 && address_at(flags + short))
                || (padded == Some(0x8102) && address_at(flags + 1 + short))
                || (first & 7 == 6 && address_at(flags + long))
                || (padded == Some(0x8106) && address_at(flags + 1 + long))
        };
        side.matches(|| is(3, 15), || is(1, 7))
    }
}

/// Whether an address is in a network. Words of it that do not count need not be there.
fn v6_address_is(bytes: Bytes<'_>, at: Offset, address: u128, mask: u128) -> bool {
    (0..4).all(|word| {
        let shift = 96 - 32 * word;
        let (wanted, mask) = ((address >> shift) as u32, (mask >> shift) as u32);
        let found = || bytes.u32(at + 4 * word as Offset);
        mask == 0 || found().is_some_and(|found| found & mask == wanted)
    })
}

const ARP_TYPE: u32 = 0x0806;
const RARP_TYPE: u32 = 0x8035;
const DECNET_TYPE: u32 = 0x6003;

const V4_SRC: Offset = 12;
const V4_DST: Offset = 16;
const V6_SRC: Offset = 8;
const V6_DST: Offset = 24;
const ARP_SENDER: Offset = 14;
const ARP_TARGET: Offset = 24;
