//! Where in a frame a primitive looks: fixed by the link type, moved by `vlan` and its like.

use flowloom_schema::LinkType;
use flowloom_wire::Layer;

use crate::primitive::Primitive;

use super::FrameView;
use super::bytes::{Bytes, Offset};
use super::headers::{Found, V4_TYPE, V6_TYPE, v4_transport, v6_transport};

/// Where the link layer and what it carries are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// How the link layer says what it carries.
    pub(super) link: Link,
    /// What `link[0]` is: its header, or the start of a frame we know nothing of.
    pub(super) start: Offset,
    /// Its header.
    pub(super) header: Offset,
    /// The field with the type of what it carries.
    pub(super) kind: Offset,
    /// What follows the header: LLC, or the network header.
    pub(super) payload: Offset,
    /// The network header.
    pub(super) net: Offset,
    /// What ISO protocols are numbered by, which has no SNAP header before it.
    pub(super) iso: Offset,
    /// Whether MPLS labels are before the network header.
    pub(super) labelled: bool,
}

/// How a link layer says what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Ethertype or, up to 1500, an LLC header.
    Ethernet,
    /// Linux cooked capture: ethertype, or 4 for an LLC header.
    Cooked,
    /// A field that holds an ethertype and nothing else: Linux cooked capture, version 2.
    Typed,
    /// PPP protocol numbers.
    Ppp,
    /// Cisco HDLC: as [`Link::Typed`], but for ISO.
    Hdlc,
    /// Address family, in either byte order.
    Loopback,
    /// IP, whose version is in its first byte.
    Raw,
    /// IPv4 and nothing else.
    Ipv4,
    /// IPv6 and nothing else.
    Ipv6,
    /// An LLC header always: FDDI, Token Ring, ATM.
    Llc,
    /// An LLC header in frames of data: 802.11.
    Wlan,
    /// Frame Relay: network layer protocol identifiers.
    FrameRelay,
    /// ARCNET.
    Arcnet,
    /// ATM as `SunATM` has it: an LLC header in frames of one kind.
    SunAtm,
    /// It does not say: Juniper, and `BACnet` over serial lines. tcpdump takes their marks, the first
    /// four bytes under a mask, for anything.
    Marked(u32, u32),
    /// Nothing we know.
    Unknown,
}

/// What a primitive does to the place of those on its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    Vlan,
    Mpls,
    Pppoe,
    Geneve,
}

impl Shift {
    pub(super) fn of(primitive: &Primitive) -> Option<Self> {
        match primitive {
            Primitive::Vlan(_) => Some(Self::Vlan),
            Primitive::Mpls(_) => Some(Self::Mpls),
            Primitive::Pppoe(_) => Some(Self::Pppoe),
            Primitive::Geneve(_) => Some(Self::Geneve),
            _ => None,
        }
    }
}

impl Place {
    /// The place before any shift.
    #[inline]
    pub(super) fn of_frame(frame: &FrameView<'_>) -> Self {
        if frame.link == LinkType::ETHERNET { ETHERNET } else { Self::of_other(frame) }
    }

    fn of_other(frame: &FrameView<'_>) -> Self {
        let bytes = Bytes(frame.bytes);
        match frame.link {
            LinkType::IEEE802_11 | LinkType::IEEE802_11_PRISM | LinkType::IEEE802_11_RADIOTAP => {
                Self::wlan(bytes, frame.link).unwrap_or(UNKNOWN)
            }
            LinkType::PPI => Self::ppi(frame, bytes).unwrap_or(UNKNOWN),
            link => fixed(link).unwrap_or_else(|| Self::of_layers(frame)),
        }
    }

    /// Where decoding found the first header we can start from, for link types that have no fixed
    /// place for it.
    pub(super) fn of_layers(frame: &FrameView<'_>) -> Self {
        let start = frame.layers.spans().iter().find_map(|(layer, at)| match layer {
            Layer::Ethernet => Some(Self { start: 0, ..at_offset(ETHERNET, *at as Offset) }),
            Layer::Ipv4 | Layer::Ipv6 => Some(Self { start: 0, ..at_offset(RAW, *at as Offset) }),
            _ => None,
        });
        start.unwrap_or(UNKNOWN)
    }

    /// The place behind a tag, label or tunnel header; none if there is no telling where that is.
    pub(super) fn shifted(self, shift: Shift, bytes: Bytes<'_>) -> Option<Self> {
        match shift {
            Shift::Vlan => Some(Self {
                kind: self.kind + TAG_LEN,
                payload: self.payload + TAG_LEN,
                net: self.net + TAG_LEN,
                iso: self.iso + TAG_LEN,
                ..self
            }),
            Shift::Mpls => Some(Self {
                net: self.net + LABEL_LEN,
                iso: self.iso + LABEL_LEN,
                labelled: true,
                ..self
            }),
            Shift::Pppoe => {
                let header = self.net + PPPOE_LEN;
                Some(at_offset(PPP_ALONE, header))
            }
            Shift::Geneve => self.inside_geneve(bytes),
        }
    }

    /// Inside the tunnel (RFC 8926). What is not Ethernet there has no hardware addresses.
    fn inside_geneve(self, bytes: Bytes<'_>) -> Option<Self> {
        let geneve = self.geneve_header(bytes)?;
        let options = Offset::from(bytes.u8(geneve)? & 0x3f) * 4;
        let inner = geneve + GENEVE_LEN + options;
        if bytes.u16(geneve + 2)? == ETHERNET_IN_GENEVE {
            return Some(at_offset(ETHERNET, inner));
        }
        let kind = geneve + 2;
        Some(Self { kind, ..at_offset(IN_GENEVE, inner) })
    }

    /// Where the Geneve header is: above UDP to the registered port, version 0.
    pub(super) fn geneve_header(self, bytes: Bytes<'_>) -> Option<Offset> {
        let Found { number: 17, at, first: true } = self.transport(bytes)? else { return None };
        let geneve = at + UDP_LEN;
        let ours = bytes.u16(at + 2)? == GENEVE_PORT && bytes.u8(geneve)? & 0xc0 == 0;
        ours.then_some(geneve)
    }

    /// `geneve`, with the network identifier.
    pub(super) fn geneve(&self, bytes: Bytes<'_>, vni: Option<u32>) -> bool {
        self.geneve_header(bytes).is_some_and(|at| {
            vni.is_none_or(|vni| bytes.u32(at + 4).is_some_and(|word| word >> 8 == vni))
        })
    }

    /// `vlan`: a tag of any of the ethertypes in use for it.
    pub(super) fn vlan(&self, bytes: Bytes<'_>, id: Option<u16>) -> bool {
        VLAN_TYPES.iter().any(|kind| self.carries(bytes, *kind))
            && id.is_none_or(|id| bytes.u16(self.net).is_some_and(|tag| tag & 0x0fff == id))
    }

    /// `mpls`: after another label, that one must not be the last (RFC 3032).
    pub(super) fn mpls(&self, bytes: Bytes<'_>, label: Option<u32>) -> bool {
        let there = if self.labelled {
            bytes.u8(self.net - 2).is_some_and(|bits| bits & 1 == 0)
        } else {
            self.carries(bytes, MPLS_TYPE)
        };
        there && label.is_none_or(|l| bytes.u32(self.net).is_some_and(|word| word >> 12 == l))
    }

    /// `pppoes`, with the session.
    pub(super) fn pppoe(&self, bytes: Bytes<'_>, session: Option<u16>) -> bool {
        self.carries(bytes, PPPOE_TYPE)
            && session.is_none_or(|id| bytes.u16(self.net + 2).is_some_and(|word| word == id))
    }

    /// The transport header of the IP packet here.
    pub(super) fn transport(&self, bytes: Bytes<'_>) -> Option<Found> {
        if self.carries(bytes, V4_TYPE) {
            v4_transport(bytes, self.net)
        } else if self.carries(bytes, V6_TYPE) {
            v6_transport(bytes, self.net)
        } else {
            None
        }
    }
}

/// A place moved into the frame.
fn at_offset(place: Place, offset: Offset) -> Place {
    Place {
        start: place.start + offset,
        header: place.header + offset,
        kind: place.kind + offset,
        payload: place.payload + offset,
        net: place.net + offset,
        iso: place.iso + offset,
        ..place
    }
}

/// Link types whose headers have a fixed length.
fn fixed(link: LinkType) -> Option<Place> {
    Some(match link.0 {
        0 | 108 => place(Link::Loopback, 0, 4),
        1 => ETHERNET,
        6 => Place { iso: 17, ..place_llc(0, 14) },
        8 => Place { kind: 0, ..place(Link::Raw, 0, 16) },
        9 | 50 => place(Link::Ppp, 2, 4),
        10 => Place { iso: 16, ..place_llc(0, 13) },
        12 | 14 | 101 => RAW,
        51 => place(Link::Ppp, 6, 8),
        100 => Place { iso: 3, ..place_llc(0, 0) },
        104 => place(Link::Hdlc, 2, 4),
        107 => place(Link::FrameRelay, 2, 0),
        113 => place(Link::Cooked, 14, 16),
        123 => Place { link: Link::SunAtm, ..place_llc(0, 4) },
        129 => place(Link::Arcnet, 4, 8),
        137 => Place { iso: 14, ..place(Link::Marked(0xffff_ff00, 0x4d47_4300), 0, 4) },
        165 => place(Link::Marked(0xffff_0000, 0x55ff_0000), 0, -2),
        178 => {
            let juniper = Link::Marked(0xffff_ff00, 0x4d47_4300);
            Place { iso: 35, payload: 18, ..place(juniper, 0, 32) }
        }
        228 => place(Link::Ipv4, 0, 0),
        229 => place(Link::Ipv6, 0, 0),
        276 => place(Link::Typed, 0, 20),
        _ => return None,
    })
}

const fn place(link: Link, kind: Offset, payload: Offset) -> Place {
    Place { link, start: 0, header: 0, kind, payload, net: payload, iso: payload, labelled: false }
}

/// A link layer with LLC at `llc`, and after it SNAP for what has an ethertype.
const fn place_llc(kind: Offset, llc: Offset) -> Place {
    let net = llc + LLC_SNAP_LEN;
    Place {
        link: Link::Llc,
        start: 0,
        header: 0,
        kind,
        payload: llc,
        net,
        iso: llc + 3,
        labelled: false,
    }
}

const ETHERNET: Place = Place { iso: 17, ..place(Link::Ethernet, 12, 14) };
/// What is in Geneve without an Ethernet header: no hardware addresses.
const IN_GENEVE: Place = place(Link::Ethernet, 0, 0);
const RAW: Place = place(Link::Raw, 0, 0);
const PPP_ALONE: Place = place(Link::Ppp, 0, 2);
pub(super) const UNKNOWN: Place = place(Link::Unknown, 0, 0);

pub(super) const VLAN_TYPES: [u32; 3] = [0x8100, 0x88a8, 0x9100];
pub(super) const MPLS_TYPE: u32 = 0x8847;
const PPPOE_TYPE: u32 = 0x8864;
/// "Transparent Ethernet bridging" in the protocol field of Geneve.
const ETHERNET_IN_GENEVE: u16 = 0x6558;
const GENEVE_PORT: u16 = 6081;

pub(super) const LLC_SNAP_LEN: Offset = 8;
const TAG_LEN: Offset = 4;
const LABEL_LEN: Offset = 4;
const PPPOE_LEN: Offset = 6;
const UDP_LEN: Offset = 8;
const GENEVE_LEN: Offset = 8;
