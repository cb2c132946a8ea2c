//! What a link layer carries, and its addresses.

use crate::parts::{IsisPdu, LlcFrame, MacField, Multicast, Side};

use super::bytes::{Bytes, Offset};
use super::headers::{V4_TYPE, V6_TYPE};
use super::place::{Link, MPLS_TYPE, Place};

impl Place {
    /// `ether proto`: whether the link layer says it carries `number`: an ethertype, or up to 1500
    /// an LLC service access point.
    #[inline]
    pub(super) fn carries(&self, bytes: Bytes<'_>, number: u32) -> bool {
        if self.labelled {
            return self.label_carries(bytes, number).unwrap_or(false);
        }
        if self.link == Link::Ethernet && number > LENGTH_MAX && !has_other_spellings(number) {
            return bytes.u16(self.kind).is_some_and(|kind| u32::from(kind) == number);
        }
        self.other_carries(bytes, number).unwrap_or(false)
    }

    fn other_carries(&self, bytes: Bytes<'_>, number: u32) -> Option<bool> {
        let kind = || bytes.u16(self.kind).map(u32::from);
        Some(match self.link {
            Link::Ethernet => self.ethernet_carries(bytes, kind()?, number)?,
            Link::Cooked => self.cooked_carries(bytes, kind()?, number)?,
            Link::Typed => kind()? == number,
            Link::Hdlc => kind()? == if number == ISO { 0xfefe } else { number },
            Link::Ppp => kind()? == ppp_number(number),
            Link::Llc => self.llc_carries(bytes, number)?,
            Link::Wlan => self.is_wlan_data(bytes)? && self.llc_carries(bytes, number)?,
            Link::SunAtm => {
                bytes.u8(self.header)? & 0x0f == 2 && self.llc_carries(bytes, number)?
            }
            Link::Loopback => loopback_carries(bytes.u32(self.header)?, number),
            Link::Raw => match number {
                V4_TYPE => bytes.u8(self.kind)? >> 4 == 4,
                V6_TYPE => bytes.u8(self.kind)? >> 4 == 6,
                _ => false,
            },
            Link::Ipv4 => number == V4_TYPE,
            Link::Ipv6 => number == V6_TYPE,
            // ISO protocols by their identifiers; the IP ones behind the control byte 3.
            Link::FrameRelay => match number {
                V4_TYPE => kind()? == 0x03cc,
                V6_TYPE => kind()? == 0x038e,
                ISO => matches!(kind()?, 0x0381..=0x0383),
                _ => false,
            },
            // RFC 1201 and, for IPv4 and ARP, RFC 1051.
            Link::Arcnet => {
                let protocol = bytes.u8(self.kind)?;
                match number {
                    V4_TYPE => matches!(protocol, 0xd4 | 0xf0),
                    V6_TYPE => protocol == 0xc4,
                    0x0806 => matches!(protocol, 0xd5 | 0xf1),
                    0x8035 => protocol == 0xd6,
                    ATALK => protocol == 0xdd,
                    _ => false,
                }
            }
            Link::Marked(mask, mark) => bytes.u32(self.header)? & mask == mark,
            Link::Unknown => false,
        })
    }

    /// Behind a label there is IPv4 or IPv6, if the label is the last.
    fn label_carries(&self, bytes: Bytes<'_>, number: u32) -> Option<bool> {
        let last = bytes.u8(self.net - 2)? & 1 == 1;
        let version = match number {
            V4_TYPE => 4,
            V6_TYPE => 6,
            _ => return Some(false),
        };
        Some(last && bytes.u8(self.net)? >> 4 == version)
    }

    /// Ethernet: the field is an ethertype, or (up to 1500) the length of an 802.3 frame.
    fn ethernet_carries(&self, bytes: Bytes<'_>, kind: u32, number: u32) -> Option<bool> {
        let is_802_3 = kind <= LENGTH_MAX;
        Some(match number {
            ISO | IP_SAP | NETBEUI => is_802_3 && bytes.u16(self.payload)? == twice(number),
            IPX => {
                kind == IPX_TYPE
                    || (is_802_3
                        && (self.is_snap(bytes, 0, IPX_TYPE)
                            || bytes.u8(self.payload)? == IPX as u8
                            // NetWare over 802.3 without LLC.
                            || bytes.u16(self.payload)? == 0xffff))
            }
            ATALK => kind == ATALK || (is_802_3 && self.is_snap(bytes, APPLE_OUI, ATALK)),
            AARP => kind == AARP || (is_802_3 && self.is_snap(bytes, 0, AARP)),
            ..=LENGTH_MAX => is_802_3 && u32::from(bytes.u8(self.kind + 2)?) == number,
            _ => kind == number,
        })
    }

    /// Linux cooked capture: 1 is `NetWare` without LLC, 4 is LLC.
    fn cooked_carries(&self, bytes: Bytes<'_>, kind: u32, number: u32) -> Option<bool> {
        let is_llc = kind == 4;
        Some(match number {
            ISO | IP_SAP | NETBEUI => is_llc && bytes.u16(self.payload)? == twice(number),
            IPX => {
                matches!(kind, IPX_TYPE | 1)
                    || (is_llc
                        && (bytes.u8(self.payload)? == IPX as u8
                            || self.is_snap(bytes, 0, IPX_TYPE)))
            }
            ATALK => kind == ATALK || (is_llc && self.is_snap(bytes, APPLE_OUI, ATALK)),
            AARP => kind == AARP || (is_llc && self.is_snap(bytes, 0, AARP)),
            ..=LENGTH_MAX => is_llc && u32::from(bytes.u8(self.payload)?) == number,
            _ => kind == number,
        })
    }

    /// LLC at the front of the payload; of SNAP only the ethertype is looked at.
    fn llc_carries(&self, bytes: Bytes<'_>, number: u32) -> Option<bool> {
        Some(match number {
            ISO | IP_SAP | NETBEUI => bytes.u16(self.payload)? == twice(number),
            ATALK => self.is_snap(bytes, APPLE_OUI, ATALK),
            ..=LENGTH_MAX => u32::from(bytes.u8(self.payload)?) == number,
            _ => u32::from(bytes.u16(self.payload + 6)?) == number,
        })
    }

    /// Whether the payload begins with LLC and SNAP of that organisation and type.
    fn is_snap(&self, bytes: Bytes<'_>, organisation: u32, kind: u32) -> bool {
        let [o0, o1, o2] = [organisation >> 16, organisation >> 8, organisation].map(|b| b as u8);
        let [k0, k1] = (kind as u16).to_be_bytes();
        bytes.array(self.payload) == Some([0xaa, 0xaa, 0x03, o0, o1, o2, k0, k1])
    }

    /// `llc`: an 802.2 header, and by its control byte the kind of frame.
    pub(super) fn llc(&self, bytes: Bytes<'_>, kind: LlcFrame) -> bool {
        let there = match self.link {
            Link::Ethernet => {
                bytes.u16(self.kind).is_some_and(|kind| u32::from(kind) <= LENGTH_MAX)
                    && bytes.u16(self.payload).is_some_and(|sap| sap != 0xffff)
            }
            Link::Wlan => self.is_wlan_data(bytes).unwrap_or(false),
            Link::Llc => true,
            Link::SunAtm => bytes.u8(self.header).is_some_and(|kind| kind & 0x0f == 2),
            _ => false,
        };
        there
            && (kind.mask == 0
                || bytes.u8(self.payload + 2).is_some_and(|c| c & kind.mask == kind.bits))
    }

    /// `iso proto`, `clnp`, `esis`, `isis`.
    pub(super) fn iso_proto(&self, bytes: Bytes<'_>, number: u32) -> bool {
        let at = match self.link {
            // The protocol is what the header itself says.
            Link::FrameRelay => {
                let found = bytes.u16(self.kind).map(u32::from);
                return number <= 0xff && found == Some(0x0300 | number);
            }
            Link::Hdlc => self.iso + 1,
            _ => self.iso,
        };
        self.carries(bytes, ISO) && bytes.u8(at).is_some_and(|found| u32::from(found) == number)
    }

    /// `l1`, `isis proto`: PDU types of IS-IS, with the reserved bits of their byte.
    pub(super) fn isis_pdu(&self, bytes: Bytes<'_>, pdu: IsisPdu) -> bool {
        self.iso_proto(bytes, ISIS) && bytes.u8(self.iso + 4).is_some_and(|found| pdu.has(found))
    }

    /// `ether host` and the addresses of 802.11.
    pub(super) fn mac(&self, bytes: Bytes<'_>, which: MacField, address: [u8; 6]) -> bool {
        let is = |at: Option<Offset>| at.is_some_and(|at| bytes.array(at) == Some(address));
        match which {
            MacField::Side(side) => {
                side.matches(|| is(self.mac_source(bytes)), || is(self.mac_destination(bytes)))
            }
            _ => is(self.wlan_address(bytes, which)),
        }
    }

    pub(super) fn broadcast(&self, bytes: Bytes<'_>) -> bool {
        if self.link == Link::Arcnet {
            return bytes.u8(self.header + 1) == Some(0);
        }
        self.mac(bytes, MacField::Side(Side::Destination), [0xff; 6])
    }

    pub(super) fn multicast(&self, bytes: Bytes<'_>, of: Multicast) -> bool {
        match of {
            Multicast::Link if self.link == Link::Arcnet => self.broadcast(bytes),
            Multicast::Link => {
                let first = self.mac_destination(bytes).and_then(|at| bytes.u8(at));
                first.is_some_and(|byte| byte & 1 == 1)
            }
            _ => self.ip_multicast(bytes, of),
        }
    }

    fn mac_source(&self, bytes: Bytes<'_>) -> Option<Offset> {
        match self.link {
            Link::Wlan => self.wlan_source(bytes),
            _ => self.mac_destination(bytes).map(|at| at + 6),
        }
    }

    fn mac_destination(&self, bytes: Bytes<'_>) -> Option<Offset> {
        match self.link {
            // Not for what is in Geneve without an Ethernet header.
            Link::Ethernet => (self.header != self.payload).then_some(self.header),
            Link::Wlan => self.wlan_destination(bytes),
            // FDDI has one byte before its addresses, Token Ring two; ATM has no addresses.
            Link::Llc => (self.payload > 12).then_some(self.payload - 12),
            _ => None,
        }
    }
}

/// Address families: 2 is IPv4 everywhere; of IPv6 those of the BSDs and of Darwin. Files do not
/// say in which order their machine wrote it.
fn loopback_carries(family: u32, number: u32) -> bool {
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    match number {
        V4_TYPE => family == 2,
        V6_TYPE => matches!(family, 24 | 28 | 30),
        _ => false,
    }
}

/// The PPP protocol for an ethertype (IANA "PPP DLL Protocol Numbers"); others stand for
/// themselves.
fn ppp_number(number: u32) -> u32 {
    match number {
        V4_TYPE => 0x0021,
        V6_TYPE => 0x0057,
        DECNET => 0x0027,
        ATALK => 0x0029,
        XNS => 0x0025,
        ISO => 0x0023,
        STP => 0x0031,
        IPX => 0x002b,
        MPLS_TYPE => 0x0281,
        other => other,
    }
}

/// Whether it is more than an ethertype on Ethernet.
fn has_other_spellings(number: u32) -> bool {
    matches!(number, ATALK | AARP)
}

/// A service access point as destination and source.
fn twice(sap: u32) -> u16 {
    (sap << 8 | sap) as u16
}

/// The largest number in an Ethernet header that is a length.
const LENGTH_MAX: u32 = 1500;

const IP_SAP: u32 = 0x06;
const STP: u32 = 0x42;
const IPX: u32 = 0xe0;
const NETBEUI: u32 = 0xf0;
const ISO: u32 = 0xfe;
const XNS: u32 = 0x0600;
const DECNET: u32 = 0x6003;
const ATALK: u32 = 0x809b;
const AARP: u32 = 0x80f3;
const IPX_TYPE: u32 = 0x8137;
const ISIS: u32 = 0x83;
const APPLE_OUI: u32 = 0x08_0007;
