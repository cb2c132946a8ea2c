//! The words of tcpdump's language, and ours beside them.

use flowloom_wire::{Layer, protocol};

use crate::parts::Versions;

/// A protocol that can stand alone, before a qualifier (`tcp port 80`) or before an index
/// (`tcp[13]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum Protocol {
    Link, Radio, Ip, Ip6, Arp, Rarp, Tcp, Udp, Sctp, Icmp, Icmp6, Igmp, Igrp, Pim, Vrrp, Carp, Ah, Esp,
    Atalk, Aarp, Decnet, Lat, Sca, Moprc, Mopdl, Iso, Clnp, Esis, Isis, Stp, Ipx, Netbeui,
    L1, L2, Iih, Lsp, Snp, Csnp, Psnp,
}

impl Protocol {
    /// The protocol a word names.
    pub(crate) fn named(word: &str) -> Option<Self> {
        PROTOCOLS.iter().find(|(names, _)| names.contains(&word)).map(|(_, protocol)| *protocol)
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        PROTOCOLS.iter().map(|(_, protocol)| *protocol)
    }

    /// Its first name.
    pub(crate) fn name(self) -> &'static str {
        PROTOCOLS.iter().find(|(_, p)| *p == self).map_or("", |(names, _)| names[0])
    }

    /// The ethertype (or LLC service access point) of a protocol right above the link layer.
    pub(crate) fn ether_type(self) -> Option<u32> {
        Some(match self {
            Self::Ip => 0x0800,
            Self::Ip6 => 0x86dd,
            Self::Arp => 0x0806,
            Self::Rarp => 0x8035,
            Self::Atalk => 0x809b,
            Self::Aarp => 0x80f3,
            Self::Decnet => 0x6003,
            Self::Lat => 0x6004,
            Self::Sca => 0x6007,
            Self::Moprc => 0x6002,
            Self::Mopdl => 0x6001,
            Self::Iso => 0xfe,
            Self::Stp => 0x42,
            Self::Ipx => 0xe0,
            Self::Netbeui => 0xf0,
            _ => return None,
        })
    }

    /// The number of a protocol above IP, and the versions of IP its word stands for.
    pub(crate) fn ip_protocol(self) -> Option<(Versions, u8)> {
        Some(match self {
            Self::Tcp => (Versions::Both, protocol::TCP),
            Self::Udp => (Versions::Both, protocol::UDP),
            Self::Sctp => (Versions::Both, protocol::SCTP),
            Self::Icmp => (Versions::V4, protocol::ICMP),
            Self::Icmp6 => (Versions::V6, protocol::ICMP6),
            Self::Igmp => (Versions::V4, protocol::IGMP),
            Self::Igrp => (Versions::V4, 9),
            Self::Pim => (Versions::Both, protocol::PIM),
            Self::Vrrp | Self::Carp => (Versions::V4, protocol::VRRP),
            Self::Ah => (Versions::Both, protocol::AH),
            Self::Esp => (Versions::Both, protocol::ESP),
            _ => return None,
        })
    }

    /// Whether its header can be indexed.
    pub(crate) fn has_index(self) -> bool {
        match self {
            Self::Link | Self::Radio | Self::Icmp6 => true,
            Self::Ah
            | Self::Esp
            | Self::Aarp
            | Self::Iso
            | Self::Stp
            | Self::Ipx
            | Self::Netbeui => false,
            _ => self.ether_type().is_some() || self.ip_protocol().is_some(),
        }
    }
}

/// Layers that are named in expressions by their own word.
pub(crate) fn layer_words() -> impl Iterator<Item = Layer> {
    let tcpdumps = |name| Protocol::named(name).is_some() || KEYWORDS.contains(&name);
    Layer::ALL
        .iter()
        .copied()
        .filter(move |layer| *layer != Layer::Unknown && !tcpdumps(layer.name()))
}

/// All words that can begin a primitive, for suggestions.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let protocols = PROTOCOLS.iter().flat_map(|(names, _)| names.iter().copied());
    let layers = layer_words().map(Layer::name);
    KEYWORDS.iter().copied().chain(protocols).chain(layers).chain(["dhcp", "dhcpv6"])
}

/// Why a word of tcpdump's is not for us.
pub(crate) fn refused(word: &str) -> Option<&'static str> {
    Some(match word {
        "gateway" => "needs a resolver for names and hardware addresses",
        "inbound" | "outbound" => "needs the direction the live interface saw",
        "on" | "ifname" | "ifindex" => "needs the name of the live interface",
        "rset" | "ruleset" | "rnr" | "rulenum" | "srnr" | "subrulenum" | "reason" | "action" => {
            "is about logs of the packet filter of BSD, which are not decoded"
        }
        "lane" | "metac" | "bcc" | "oam" | "oamf4" | "oamf4ec" | "oamf4sc" | "sc" | "ilmic"
        | "vpi" | "vci" | "connectmsg" | "metaconnect" => "is about ATM, which is not decoded",
        "fisu" | "lssu" | "lsu" | "msu" | "hfisu" | "hlssu" | "hmsu" | "sio" | "opc" | "dpc"
        | "sls" | "hsio" | "hopc" | "hdpc" | "hsls" => "is about SS7, which is not decoded",
        _ => return None,
    })
}

#[rustfmt::skip]
const PROTOCOLS: &[(&[&str], Protocol)] = &[
    (&["ether", "link", "ppp", "slip", "fddi", "tr", "wlan"], Protocol::Link), (&["radio"], Protocol::Radio),
    (&["ip"], Protocol::Ip), (&["ip6"], Protocol::Ip6), (&["arp"], Protocol::Arp), (&["rarp"], Protocol::Rarp),
    (&["tcp"], Protocol::Tcp), (&["udp"], Protocol::Udp), (&["sctp"], Protocol::Sctp),
    (&["icmp"], Protocol::Icmp), (&["icmp6"], Protocol::Icmp6), (&["igmp"], Protocol::Igmp),
    (&["igrp"], Protocol::Igrp), (&["pim"], Protocol::Pim), (&["vrrp"], Protocol::Vrrp),
    (&["carp"], Protocol::Carp), (&["ah"], Protocol::Ah), (&["esp"], Protocol::Esp),
    (&["atalk"], Protocol::Atalk), (&["aarp"], Protocol::Aarp), (&["decnet"], Protocol::Decnet),
    (&["lat"], Protocol::Lat), (&["sca"], Protocol::Sca), (&["moprc"], Protocol::Moprc),
    (&["mopdl"], Protocol::Mopdl), (&["iso"], Protocol::Iso), (&["clnp"], Protocol::Clnp),
    (&["esis", "es-is"], Protocol::Esis), (&["isis", "is-is"], Protocol::Isis), (&["stp"], Protocol::Stp),
    (&["ipx"], Protocol::Ipx), (&["netbeui"], Protocol::Netbeui), (&["l1"], Protocol::L1),
    (&["l2"], Protocol::L2), (&["iih"], Protocol::Iih), (&["lsp"], Protocol::Lsp), (&["snp"], Protocol::Snp),
    (&["csnp"], Protocol::Csnp), (&["psnp"], Protocol::Psnp),
];

/// The other words a primitive may begin with.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "src", "dst", "host", "net", "port", "portrange", "proto", "protochain", "ra", "ta",
    "addr1", "address1", "addr2", "address2", "addr3", "address3", "addr4", "address4",
    "broadcast", "multicast", "less", "greater", "byte", "len", "length", "type", "subtype", "dir", "direction",
    "llc", "vlan", "mpls", "pppoed", "pppoes", "geneve", "not",
];
